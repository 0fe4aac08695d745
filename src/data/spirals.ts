// Classification of points on interleaved spirals: small, in the plane, and not linearly separable.
import { ref } from "../protocol/fragment";
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
  spec: {
    about: "Synthetic classification: interleaved spirals in the plane.",
    description: "Classification of points on interleaved spirals in the plane.",
    properties: {
      classes: {
        type: "integer",
        minimum: 2,
        maximum: 1000,
        default: 2,
        description: "Number of spiral arms, one class each.",
      },
      turns: {
        type: "number",
        exclusiveMinimum: 0,
        maximum: 100,
        default: 1,
        description: "Turns of each arm from the centre to radius 1.",
      },
      examples: {
        type: "integer",
        minimum: 1,
        maximum: 10000000,
        default: 200,
        description: "Number of training points over all classes, n; at least one per class.",
      },
      testExamples: ref("testExamples", { default: 200 }),
      noise: ref("noise", {
        default: 0.02,
        description: "Standard deviation of the Gaussian noise added to each coordinate.",
      }),
      labelNoise: ref("labelNoise"),
    },
    examples: { key: "examples" },
    test: "testExamples",
    snippets: [
      {
        label: "spirals: classification in the plane",
        body: { source: "spirals", classes: "^${1:2}", examples: "^${2:200}" },
      },
    ],
    targets: "labels",
    from: "spirals (made from seed {.seed})",
    rules: [
      {
        at: "examples",
        when: [{ key: "examples", below: "classes" }],
        message:
          "`examples` is {examples}, fewer than the {classes} classes; expected at least one per class.",
        hint: "Set it to at least {classes}.",
      },
    ],
  },
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
