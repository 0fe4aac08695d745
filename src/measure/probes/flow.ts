// The central flow beside a run: the smooth path that gradient descent takes on average while it swings at the edge of stability.
import { samplingFactor } from "../../stability/thresholds";
import { norm } from "../../util/linalg/vector";
import { CentralFlow, type FlowState } from "../centralFlow";
import type { ProbeMemory } from "../memory";
import type { Point } from "../point";
import { Readings, type Probe } from "../probe";

const defaults = { from: 0, top: 3, steps: 2000, overhead: 200 };
/** Relative residual of the eigenvectors the flow is made of. */
const tolerance = 1e-3;
/**
 * Heavy ball: tanh nets of two layers of 10 and of 50 come back to the flow from bursts at the edge with 0.3 and 0.5, to 1.5 and 2.0 % of the
 * way gone; with 0.8 and 0.9 their first burst takes them elsewhere, more than half of that way off. Nesterov's, damped at the edge, holds
 * at 0.9 as well (2.6 %).
 */
const mostMomentum = 0.5;
/** Steps of training after which what the flow costs is held against what it may. */
const judgedAfter = 20;

/** Why there is no flow beside such a run, or null. */
function refusal({ descent, examples, batchSize, labelNoise }: Point): string | null {
  const { motion, weightDecay, decoupledDecay, radius, momentum = 0, nesterov } = descent;
  const plain = !weightDecay && !decoupledDecay && radius === undefined && !labelNoise;
  if (!motion || !plain || samplingFactor(examples, batchSize) > 0)
    return "the central flow: it is known for full batches with gradient descent, momentum, and RMSProp without momentum; not with Adam, decay, SAM, clipping or label noise";
  return momentum > mostMomentum && !nesterov
    ? `the central flow: with heavy-ball momentum above ${mostMomentum} one burst at the edge carries a run off the path of its average`
    : null;
}

/** The run's own θ and state in the middle of this step and the next one, where a swing of period two is gone. */
function middleOf({ theta, descent }: Point, gradient: Float32Array): FlowState {
  const motion = descent.motion!;
  const next = theta.slice();
  const slots = motion.state();
  motion.update(next, gradient, slots);
  return { theta: theta.map((value, i) => (value + next[i]) / 2), slots };
}

/** Where the flow stood at the last reading; null where it begins now, or the network is another. */
function remembered(memory: ProbeMemory, { slots, theta }: FlowState): FlowState | null {
  const own = memory.get("flow.theta");
  const state = slots.map((_, i) => memory.get(`flow.state.${i}`));
  if (own?.length !== theta.length || state.some((slot) => slot?.length !== theta.length)) return null;
  return { theta: own, slots: state as Float32Array[] };
}

export const flow: Probe = {
  id: "flow",
  label: "Central flow",
  cost: "for every step of training a gradient, 2–4 products for eigenvectors, and at the edge of stability 2 products more for each pair of them",
  spec: {
    markdownDescription:
      "The central flow beside gradient descent on full batches, with momentum or not, or RMSProp: its own parameters follow the path that the run takes on average, also while it swings at the edge of stability (Cohen et al. 2025).",
    properties: {
      every: { $ref: "#/definitions/every", default: 10 },
      from: {
        type: "integer",
        minimum: 0,
        default: 0,
        description:
          "Step at which the flow leaves the run, at its first reading from there on. With RMSProp better not before its mean square has settled, some 1/(1 − α) steps.",
      },
      steps: {
        type: "integer",
        minimum: 1,
        default: 2000,
        description:
          "Steps that the flow follows the run; each costs some ten times as much as one of the run.",
      },
      overhead: {
        type: "number",
        minimum: 1,
        default: 200,
        description:
          "Gradients and products that the flow may cost for each step of training, on the average over its course. Beyond that it ends, and says so.",
      },
      top: {
        type: "integer",
        minimum: 1,
        maximum: 20,
        default: 3,
        description: "Eigenvectors of the Hessian that may be at the edge at once.",
      },
    },
  },
  needs: ["curvatureGradient", "elsewhere", "everyExample"],
  metrics: [],
  async measure({ point, probes, memory, step = 0 }) {
    const why = refusal(point);
    if (why !== null) return { readings: [], leftOut: [why] };
    const { from, top, steps, overhead } = { ...defaults, ...probes.flow };
    const [began = step, at = step, spent = 0, ended = 0] = memory.get("flow.steps") ?? [];
    if (step < from || step - began > steps || ended > 0) return { readings: [] };
    const read = new Readings(point);
    const { gradient } = await point.evaluate();
    const middle = middleOf(point, gradient);
    const before = point.meter.products;
    const tracker = memory.tracker("edge", { size: point.size, top, tolerance, demand: "vectors" });
    const now = await CentralFlow.at(point, tracker, remembered(memory, middle) ?? middle);
    for (let k = at; k < step && Number.isFinite(now.reading.loss); k++) await now.step();
    const cost = spent + point.meter.products - before + (step - at) + 1;
    const dear = step - began >= judgedAfter && cost > overhead * (step - began);
    const { theta, slots } = now.stands;
    memory.set("flow.theta", theta);
    slots.forEach((slot, i) => memory.set(`flow.state.${i}`, slot));
    memory.set("flow.steps", Float32Array.of(began, step, cost, Number(dear)));
    read.lap();
    const way = { how: "estimate", method: "a step of the flow for each of the run's" } as const;
    const { loss, sharpness, variance } = now.reading;
    read.add("flow.loss", loss, way);
    read.add("flow.sharpness", sharpness, way);
    read.add("flow.variance", variance, way);
    read.add("flow.distance", norm(theta.map((value, i) => value - middle.theta[i])), way);
    read.add("flow.swing", norm(middle.theta.map((value, i) => value - point.theta[i])) ** 2, {
      how: "exact",
      method: "half the step of the run, squared",
    });
    if (!dear) return { readings: read.list };
    const each = Math.round(cost / (step - began));
    const rest = `the rest of the central flow, from step ${step} on: ${each} gradients and products for each step of training are more than its \`overhead\`, ${overhead}`;
    return { readings: read.list, leftOut: [rest] };
  },
};
