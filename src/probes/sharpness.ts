// Sharpness: the largest eigenvalues of the loss Hessian, tracked from reading to reading, with the residual as error bar.
import { preconditioned } from "../curvature/preconditioned";
import { EigenTracker, type Reading } from "../curvature/tracker";
import { meanLimit } from "../stability/thresholds";
import type { Probe, ProbeContext } from "./probe";

/**
 * λmax(P^{-1/2}(H + cI)P^{-1/2}), what the stability of a preconditioned optimizer depends on; null for the others.
 * @source Cohen et al. 2022, §2; c is the weight decay that enters the gradient.
 */
export async function preconditionedSharpness(
  { curvature, descent: { preconditioner, weightDecay } }: ProbeContext,
  tracker: EigenTracker,
): Promise<Reading | null> {
  return preconditioner === null
    ? null
    : tracker.measure(preconditioned(curvature.hessian(), preconditioner, weightDecay));
}

/** Largest η of the full-batch condition. A preconditioned reading holds the weight decay of the gradient already. */
export function meanLimitOf(
  sharp: number,
  preconditionedSharp: number | null,
  descent: ProbeContext["descent"],
): number {
  return preconditionedSharp === null
    ? meanLimit(sharp, descent)
    : meanLimit(preconditionedSharp, { ...descent, weightDecay: 0 });
}

export const sharpness: Probe = {
  id: "sharpness",
  label: "Sharpness",
  every: (experiment) => experiment.probes.sharpness?.every,
  cost: "1–4 Hessian products when warm, 10–30 at the first reading; as many again when preconditioned",
  start(experiment, size, rng) {
    const { top, tolerance } = experiment.probes.sharpness ?? { top: 1, tolerance: 1e-3 };
    const tracker = new EigenTracker({ size, top, tolerance, rng });
    const scaled = new EigenTracker({ size, top: 1, tolerance, rng });
    return {
      async measure(context) {
        const { values, errors } = await tracker.measure(context.curvature.hessian());
        const own = await preconditionedSharpness(context, scaled);
        return {
          sharpness: values[0],
          "sharpness.error": errors[0],
          eigenvalues: values,
          ...(own && {
            preconditionedSharpness: own.values[0],
            "preconditionedSharpness.error": own.errors[0],
          }),
          "stability.meanLimit": meanLimitOf(values[0], own?.values[0] ?? null, context.descent),
        };
      },
      get memory() {
        if (scaled.state.length === 0) return tracker.state;
        // The first vector says how many of the rest are the Hessian's own.
        return [Float32Array.of(tracker.state.length), ...tracker.state, ...scaled.state];
      },
      recall(memory) {
        const split = memory.length > 0 && memory[0].length === 1 && size > 1;
        const own = split ? 1 + memory[0][0] : memory.length;
        tracker.restore(memory.slice(split ? 1 : 0, own));
        scaled.restore(memory.slice(own));
      },
    };
  },
};
