// Sharpness: the largest eigenvalues of the loss Hessian, tracked from reading to reading, with the residual as error bar.
import { EigenTracker } from "../curvature/tracker";
import { meanLimit } from "../stability/thresholds";
import type { Probe } from "./probe";

export const sharpness: Probe = {
  id: "sharpness",
  label: "Sharpness",
  every: (experiment) => experiment.probes.sharpness?.every,
  cost: "1–4 Hessian products when warm, 10–30 at the first reading",
  start(experiment, size, rng) {
    const { top, tolerance } = experiment.probes.sharpness ?? { top: 1, tolerance: 1e-3 };
    const tracker = new EigenTracker({ size, top, tolerance, rng });
    return {
      async measure({ curvature }) {
        const { values, residuals } = await tracker.measure(curvature.hessian());
        return {
          sharpness: values[0],
          "sharpness.error": residuals[0],
          eigenvalues: values,
          "stability.meanLimit": meanLimit(values[0], experiment.optimizer),
        };
      },
      get memory() {
        return tracker.state;
      },
      recall: (memory) => tracker.restore([...memory]),
    };
  },
};
