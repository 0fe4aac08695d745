// Per-layer sharpness: the largest eigenvalue of each layer's own diagonal block of the Hessian.
import { restricted, type Layer } from "../curvature/restricted";
import { EigenTracker } from "../curvature/tracker";
import type { Probe } from "./probe";

export const layers: Probe = {
  id: "layers",
  label: "Sharpness per layer",
  every: (experiment) => experiment.probes.layers?.every,
  cost: "1–4 Hessian products per layer when warm",
  start(experiment, _size, rng) {
    const { tolerance } = experiment.probes.layers ?? { tolerance: 1e-2 };
    let trackers: EigenTracker[] | null = null;
    let waiting: readonly Float32Array[] = [];
    const trackersFor = (all: readonly Layer[]): EigenTracker[] =>
      all.map(({ size }) => {
        const tracker = new EigenTracker({ size, top: 1, tolerance, rng });
        // `restore` takes what has this layer's length; equal layers share, and the tracker sorts that out in a product or two.
        tracker.restore(waiting.filter((v) => v.length === size));
        return tracker;
      });
    return {
      async measure({ curvature }) {
        trackers ??= trackersFor(curvature.layers);
        const hessian = curvature.hessian();
        const values: number[] = [];
        const errors: number[] = [];
        for (const [i, { start, size }] of curvature.layers.entries()) {
          const reading = await trackers[i].measure(restricted(hessian, start, size));
          values.push(reading.values[0]);
          errors.push(reading.errors[0]);
        }
        return { "sharpness.layers": values, "sharpness.layers.error": errors };
      },
      get memory() {
        return trackers?.flatMap((tracker) => tracker.state) ?? waiting;
      },
      recall(memory) {
        waiting = memory;
      },
    };
  },
};
