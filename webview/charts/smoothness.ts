// Input smoothness against the bound that flatness puts on it.
import { column } from "../store/runModel";
import { awaited, formulasOf, type LineChart } from "./chart";

export const smoothness: LineChart = {
  kind: "line",
  id: "smoothness",
  group: "generalization",
  title: "Input smoothness against its bound",
  about:
    "How strongly the outputs react to the inputs. The bound holds because the first layer multiplies inputs by weights: where the loss is flat in those, the function is smooth in these.",
  measuredBy: ["smoothness"],
  unit: "output / input",
  log: true,
  formulas: () => formulasOf("smoothness.input", "smoothness.bound"),
  empty: awaited("input smoothness"),
  plan: (run, { log }) => {
    const bound = column(run, "smoothness.bound");
    const own = column(run, "smoothness.input");
    return {
      log,
      lines: [
        { label: "bound", column: bound, color: "yellow", width: 1.2, dash: [5, 4] },
        { label: "input smoothness", column: own, color: "blue", width: 1.8 },
      ],
      note:
        own.length > 0 && bound.length === 0
          ? "No bound: it needs a first layer z = W₁x + b₁ and inputs that are not zero."
          : undefined,
    };
  },
};
