// Regression of a Chebyshev polynomial: one input, one output, a sharp test of progressive sharpening.
import { ref } from "../protocol/fragment";
import { Rng } from "../util/rng";
import type { Split } from "./dataset";
import { defineSource } from "./source";

/**
 * T_k(x) by its recurrence T_k = 2x T_{k−1} − T_{k−2}; cos(k arccos x) would lose digits at the ends of [−1, 1].
 *
 * @source Mason & Handscomb, Chebyshev Polynomials, §1.2.
 */
export function chebyshevT(k: number, x: number): number {
  let [last, current] = [1, x];
  if (k === 0) return last;
  for (let i = 1; i < k; i++) [last, current] = [current, 2 * x * current - last];
  return current;
}

/**
 * Training inputs are equally spaced on [−1, 1], ends included, labelled y = T_k(x) plus Gaussian noise. Test inputs are the
 * midpoints of `testExamples` equal cells, without noise.
 *
 * @source Cohen et al., ICLR 2021, appendix on the Chebyshev task (20 points, no noise).
 */
export const chebyshev = defineSource({
  source: "chebyshev",
  spec: {
    about: "Synthetic regression: a Chebyshev polynomial on [−1, 1].",
    description:
      "Regression of the Chebyshev polynomial y = T_k(x) at equally spaced x in [−1, 1] (Cohen et al. 2021, appendix).",
    properties: {
      degree: {
        type: "integer",
        minimum: 0,
        maximum: 100,
        default: 4,
        description: "Degree k of the polynomial T_k.",
      },
      examples: {
        type: "integer",
        minimum: 1,
        maximum: 10000000,
        default: 20,
        description: "Number of training points, n.",
      },
      testExamples: ref("testExamples", { default: 100 }),
      noise: ref("noise", { default: 0 }),
    },
    examples: { key: "examples" },
    test: "testExamples",
    snippets: [
      {
        label: "chebyshev: polynomial regression",
        body: { source: "chebyshev", degree: "^${1:4}", examples: "^${2:20}" },
      },
    ],
    targets: "numbers",
    from: "chebyshev (made from seed {.seed})",
  },
  load({ degree, examples, testExamples, noise }, { seed }) {
    const rng = new Rng(seed, "data.chebyshev");
    const split = (n: number, at: (i: number) => number, deviation: number): Split => {
      const x = Float32Array.from({ length: n }, (_, i) => at(i));
      const y = x.map((value) => chebyshevT(degree, value) + (deviation > 0 ? deviation * rng.normal() : 0));
      return { n, x, y, labels: null };
    };
    return Promise.resolve({
      inputShape: [1],
      outputs: 1,
      train: split(examples, (i) => (examples === 1 ? 0 : (2 * i) / (examples - 1) - 1), noise),
      test: testExamples > 0 ? split(testExamples, (i) => (2 * i + 1) / testExamples - 1, 0) : null,
      target: ([x]) => Float64Array.of(chebyshevT(degree, x)),
    });
  },
});
