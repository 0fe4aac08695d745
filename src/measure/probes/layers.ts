// Per-layer sharpness: the largest eigenvalue of each layer's own diagonal block of the Hessian.
import { restricted } from "../../curvature/restricted";
import { Readings, type Probe } from "../probe";
import { curvatureErrors } from "../sampling";

export const layers: Probe = {
  id: "layers",
  label: "Sharpness per layer",
  cost: "1–4 Hessian products per layer when warm",
  spec: {
    description:
      "Sharpness of each layer by itself: the largest eigenvalue of its diagonal block of the Hessian.",
    properties: {
      every: { $ref: "#/definitions/every", default: 100 },
      tolerance: { $ref: "#/definitions/tolerance", default: 0.01 },
    },
  },
  needs: [],
  metrics: [],
  async measure({ point, probes, memory, budget }) {
    const { tolerance } = probes.layers ?? { tolerance: 1e-2 };
    const read = new Readings(point);
    const hessian = point.hessian();
    const values: number[] = [];
    const errors: number[] = [];
    const sampling: number[] = [];
    for (const [i, { start, size }] of point.layers.entries()) {
      const tracker = memory.tracker(`layer.${i}`, { size, top: 1, tolerance });
      const reading = await tracker.measure(restricted(hessian, start, size), budget.over);
      values.push(reading.values[0]);
      errors.push(reading.errors[0]);
      const whole = reading.vectors.slice(0, 1).map((v) => {
        const padded = new Float32Array(point.size);
        padded.set(v, start);
        return padded;
      });
      sampling.push((await curvatureErrors(point, whole))[0]);
    }
    read.lap();
    const method = "Lanczos on each layer's block of the Hessian";
    read.add("sharpness.layers", values, { how: "estimate", method, error: errors, sampling });
    return { readings: read.list };
  },
};
