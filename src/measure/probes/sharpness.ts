// Sharpness: the largest eigenvalues of the loss Hessian, tracked from reading to reading, with the residual as error bar.
import { preconditioned } from "../../curvature/preconditioned";
import { meanLimit } from "../../stability/thresholds";
import { shareOf } from "../budget";
import type { Descent } from "../point";
import { cutShort, Readings, type Probe, type Task } from "../probe";

const defaults = { top: 1, tolerance: 1e-3 };
/** Relative error of the preconditioned sharpness a verdict rests on. */
const closingTolerance = 1e-3;

/** Largest η of the full-batch condition. A preconditioned reading holds the weight decay of the gradient already. */
function meanLimitOf(sharp: number, preconditionedSharp: number | null, descent: Descent): number {
  return preconditionedSharp === null
    ? meanLimit(sharp, descent)
    : meanLimit(preconditionedSharp, { ...descent, weightDecay: 0 });
}

/** A relative error of the sharpness is one of its limit. A search that knows no bar leaves the limit without one. */
function limitError(
  limit: number,
  { value, error }: { readonly value: number; readonly error: number },
): number {
  if (error === Infinity) return Infinity;
  return Number.isFinite(limit) ? (limit * error) / Math.abs(value) : 0;
}

/** The largest eigenvalues of H. */
async function hessianReadings({ point, probes, memory, budget }: Task, read: Readings) {
  const { top, tolerance } = probes.sharpness ?? defaults;
  const tracker = memory.tracker("hessian", { size: point.size, top, tolerance });
  const { values, errors, cut } = await tracker.measure(point.hessian(), shareOf(budget, 0.5).over);
  read.lap();
  const way = { how: "estimate", method: "Lanczos on the full Hessian" } as const;
  read.add("sharpness", values[0], { ...way, error: errors[0] });
  read.add("eigenvalues", values, { ...way, error: errors });
  return { value: values[0], error: errors[0], cut };
}

/**
 * λmax(P^{-1/2}(H + cI)P^{-1/2}), what the stability of a preconditioned optimizer depends on; null for the others.
 * @source Cohen et al. 2022, §2; c is the weight decay that enters the gradient.
 */
async function preconditionedReadings({ point, probes, effort, memory, budget }: Task, read: Readings) {
  const { preconditioner, weightDecay } = point.descent;
  if (preconditioner === null) return null;
  const tolerance = effort === "closing" ? closingTolerance : (probes.sharpness ?? defaults).tolerance;
  const tracker = memory.tracker("preconditioned", { size: point.size, top: 1, tolerance });
  const operator = preconditioned(point.hessian(), preconditioner, weightDecay);
  const { values, errors, cut } = await tracker.measure(operator, shareOf(budget, 0.5).over);
  read.lap();
  read.add("preconditionedSharpness", values[0], {
    how: "estimate",
    method: "Lanczos on P^-½ H P^-½",
    error: errors[0],
  });
  return { value: values[0], error: errors[0], cut };
}

export const sharpness: Probe = {
  id: "sharpness",
  label: "Sharpness",
  cost: "1–4 Hessian products when warm, 10–30 at the first reading; as many again when preconditioned",
  spec: {
    markdownDescription:
      "Top eigenvalues of the Hessian of the training loss, with an error bar. Sharpness is λmax(H), in loss/θ².",
    properties: {
      every: { $ref: "#/definitions/every", default: 10 },
      top: {
        type: "integer",
        minimum: 1,
        maximum: 100,
        default: 2,
        description: "How many eigenvalues, largest first.",
      },
      tolerance: {
        $ref: "#/definitions/tolerance",
        default: 0.001,
        description: "Relative accuracy: stop when ‖Hv − λv‖ ≤ tolerance·λ.",
      },
    },
  },
  needs: [],
  metrics: [],
  async measure(task) {
    const read = new Readings(task.point.meter);
    const own = await hessianReadings(task, read);
    const scaled = await preconditionedReadings(task, read);
    const limit = meanLimitOf(own.value, scaled?.value ?? null, task.point.descent);
    const decisive = scaled ?? own;
    read.add("stability.meanLimit", limit, {
      how: "estimate",
      method: `from the ${scaled ? "preconditioned " : ""}sharpness`,
      error: limitError(limit, decisive),
    });
    const cut = { sharpness: own.cut, "preconditioned sharpness": scaled?.cut ?? false };
    return { readings: read.list, leftOut: cutShort(cut) };
  },
};
