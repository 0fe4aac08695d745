// The one-dimensional example of Wu, Ma & E 2018: one parameter x between two minima that full batches cannot tell apart.
import { add, mul, sqrt, step, sub } from "../graph/ops";
import { ref } from "../protocol/fragment";
import { defineModel } from "./define";
import { constantInit } from "./initialize";
import { exampleShape } from "./scope";

/**
 * r(x; c) = x where x² ≤ c(x − 1)², else √c(x − 1): r² = min{x², c(x − 1)²}, so that `mse` against 0 is the paper's loss. Linear in x
 * on either side of the kink, where the first branch is taken. The input of an example is its curvature c ≥ 0, [n, 1].
 *
 * At x = 0 every example has ∂²r² = 2; at x = 1 example i has 2cᵢ: equally flat on average where the mean of cᵢ is 1.
 * @source Wu, Ma & E, NeurIPS 2018, §2.
 */
export const twoMinima = defineModel("twoMinima", {
  spec: {
    about:
      "One parameter x with min{x², c(x−1)²} as its loss (Wu, Ma & E 2018); for the data source two-minima.",
    properties: {
      start: {
        type: "number",
        minimum: -1000000,
        maximum: 1000000,
        default: 1.05,
        description: "Where x starts. Exactly at a minimum, 0 or 1, no gradient moves it.",
      },
      weights: ref("weights"),
      names: ref("names"),
    },
    rules: [
      {
        at: "kind",
        when: [{ key: ".data.source", isNot: "two-minima" }],
        message:
          'Model "twoMinima" reads each example\'s input as a curvature; data source "{.data.source}" gives other inputs.',
        hint: 'Use "data": { "source": "two-minima" }.',
      },
    ],
  },
  layers: ({ start }) => [
    (c, scope) => {
      if (c.shape.length !== 2 || c.shape[1] !== 1)
        throw scope.error(
          `twoMinima wants one input per example, its curvature; found ${exampleShape(c)}.`,
          'Use it with "data": { "source": "two-minima" }.',
        );
      const root = sqrt(c);
      const x = scope.parameter("x", [1], constantInit(start));
      const other = mul(root, sub(x, 1));
      // 1 where the second branch is lower; its derivative is zero on either side.
      const second = step(sub(mul(x, x), mul(other, other)));
      const output = add(x, mul(second, sub(other, x)));
      const slope = add(mul(second, sub(root, 1)), 1);
      scope.tap({ output, perExample: (delta) => mul(delta, slope) });
      return output;
    },
  ],
});
