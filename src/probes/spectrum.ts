// Spectrum: the density of all Hessian eigenvalues, with trace and Frobenius norm as its first two moments.
import { spectralDensity } from "../curvature/spectrum";
import { meanOf } from "../curvature/trace";
import type { Probe } from "./probe";

export const spectrum: Probe = {
  id: "spectrum",
  label: "Spectral density",
  every: (experiment) => experiment.probes.spectrum?.every,
  cost: "steps × starts Hessian products",
  start(experiment, size, rng) {
    const { steps, starts } = experiment.probes.spectrum ?? { steps: 30, starts: 4 };
    return {
      async measure({ curvature }) {
        const { values, weights, moments } = await spectralDensity(curvature.hessian(), {
          rng,
          steps,
          starts,
        });
        const trace = meanOf(moments.map(({ first }) => first * size));
        const square = meanOf(moments.map(({ second }) => second * size));
        const norm = Math.sqrt(square.value);
        return {
          "spectrum.values": values,
          "spectrum.weights": weights,
          trace: trace.value,
          "trace.error": trace.error,
          frobenius: norm,
          // d√x = dx / (2√x)
          "frobenius.error": norm > 0 ? square.error / (2 * norm) : square.error,
        };
      },
      memory: [],
      recall: () => undefined,
    };
  },
};
