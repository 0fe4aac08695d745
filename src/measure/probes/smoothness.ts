// Input smoothness: how strongly the outputs react to the inputs, and the bound that flatness puts on it; at the end the whole chain.
import { measureChain } from "../chain";
import { inputSmoothness, type Smoothness } from "../inputSmoothness";
import { exact, Readings, type Probe } from "../probe";
import { isSample } from "../sampling";

function add(read: Readings, { input, sampling, bound }: Smoothness): void {
  read.add("smoothness.input", input, { ...exact("a backward pass per output"), sampling });
  if (bound !== null)
    read.add("smoothness.bound", bound, { how: "bound", method: "from the first layer's gradients" });
}

export const smoothness: Probe = {
  id: "smoothness",
  label: "Input smoothness",
  cost: "one backward pass per output",
  spec: {
    markdownDescription:
      "How strongly the outputs react to the inputs, ((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½, and the bound that flatness puts on it.",
    properties: { every: { $ref: "#/definitions/every", default: 100 } },
  },
  needs: ["response"],
  metrics: [],
  async measure(task) {
    const { point, effort } = task;
    const read = new Readings(point);
    const smooth = await inputSmoothness(point);
    read.lap();
    add(read, smooth);
    if (effort === "running") return { readings: read.list };
    // Its inequalities speak of every training example.
    if (isSample(point))
      return {
        readings: read.list,
        leftOut: ["the chain to generalization, which speaks of every training example"],
      };
    if (task.budget.over()) return { readings: read.list, leftOut: ["the chain to generalization"] };
    return { readings: read.list, facts: { chain: await measureChain(task, smooth) } };
  },
};
