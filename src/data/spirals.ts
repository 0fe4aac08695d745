// Classification of points on interleaved spirals: small, in the plane, and not linearly separable.
import { Rng } from "../util/rng";
import type { Split } from "./dataset";
import { defineSource } from "./source";
import { oneHot } from "./targets";

/**
 * Class c of C is an arm of radius t at angle 2π(turns·t + c/C), t ∈ (0, 1), plus Gaussian noise per coordinate. Example i
 * has class i mod C. Training points are equally spaced in t, test points uniform in t.
 */
export const spirals = defineSource({
  source: "spirals",
  summary: "Synthetic classification: interleaved spirals in the plane",
  load({ classes, turns, examples, testExamples, noise }, { seed }) {
    const split = (part: "train" | "test", n: number): Split => {
      const rng = new Rng(seed, `data.spirals.${part}`);
      const perArm = Math.ceil(n / classes);
      const x = new Float32Array(2 * n);
      const labels = Int32Array.from({ length: n }, (_, i) => i % classes);
      for (let i = 0; i < n; i++) {
        const t = part === "train" ? (Math.floor(i / classes) + 0.5) / perArm : rng.uniform();
        const angle = 2 * Math.PI * (turns * t + labels[i] / classes);
        x[2 * i] = t * Math.cos(angle) + noise * rng.normal();
        x[2 * i + 1] = t * Math.sin(angle) + noise * rng.normal();
      }
      return { n, x, y: oneHot(labels, classes), labels };
    };
    return Promise.resolve({
      inputShape: [2],
      outputs: classes,
      train: split("train", examples),
      test: testExamples > 0 ? split("test", testExamples) : null,
    });
  },
});
