// Spectrum: the density of all eigenvalues of the Hessian, of its Gauss–Newton part, or of both, with trace and Frobenius norm as moments.
import type { LinearOperator } from "../curvature/operator";
import { spectralDensity } from "../curvature/spectrum";
import { meanOf } from "../curvature/trace";
import { EigenTracker } from "../curvature/tracker";
import type { Probe } from "./probe";

export const spectrum: Probe = {
  id: "spectrum",
  label: "Spectral density",
  every: (experiment) => experiment.probes.spectrum?.every,
  cost: "steps × starts products with each matrix; for the Gauss–Newton matrix those of a sharpness reading besides",
  start(experiment, size, rng) {
    const { of, steps, starts, top } = experiment.probes.spectrum ?? {
      of: "hessian",
      steps: 30,
      starts: 4,
      top: 2,
    };
    const tracker = new EigenTracker({ size, top, tolerance: 1e-3, demand: "vectors", rng });
    const density = async (op: LinearOperator) => {
      const { values, weights, moments } = await spectralDensity(op, { rng, steps, starts });
      const [trace, square] = (["first", "second"] as const).map((moment) =>
        meanOf(moments.map((own) => own[moment] * size)),
      );
      return { values, weights, trace, square };
    };
    return {
      async measure({ curvature }) {
        const hessian = of === "gaussNewton" ? null : await density(curvature.hessian());
        const part = of === "hessian" ? null : await density(curvature.gaussNewton());
        const largest = part && (await tracker.measure(curvature.gaussNewton()));
        const norm = Math.sqrt(hessian?.square.value ?? 0);
        return {
          ...(hessian && {
            "spectrum.values": hessian.values,
            "spectrum.weights": hessian.weights,
            trace: hessian.trace.value,
            "trace.error": hessian.trace.error,
            frobenius: norm,
            // d√x = dx / (2√x)
            "frobenius.error": norm > 0 ? hessian.square.error / (2 * norm) : hessian.square.error,
          }),
          ...(part && {
            "spectrum.gaussNewton.values": part.values,
            "spectrum.gaussNewton.weights": part.weights,
            gaussNewtonTrace: part.trace.value,
            "gaussNewtonTrace.error": part.trace.error,
          }),
          ...(largest && {
            gaussNewtonEigenvalues: largest.values,
            "gaussNewtonEigenvalues.error": largest.errors,
          }),
        };
      },
      get memory() {
        return tracker.state;
      },
      recall(memory) {
        tracker.restore(memory);
      },
    };
  },
};
