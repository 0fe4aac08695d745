// The one-dimensional example of Wu, Ma & E 2018: an example is the curvature c of its loss around x = 1, see models/twoMinima.ts.
import { defineSource } from "./source";

/**
 * Inputs are the curvatures, [n, 1], targets 0: with the model `twoMinima` and loss `mse` example i loses min{x², cᵢ(x − 1)²}.
 *
 * @source Wu, Ma & E, NeurIPS 2018, §2: c = 0.1 and 1.9.
 */
export const twoMinima = defineSource({
  source: "two-minima",
  spec: {
    about: "Two minima on a line, told apart by gradient noise (Wu, Ma & E 2018); for the model twoMinima.",
    description:
      "The one-dimensional example of Wu, Ma & E 2018: with the model `twoMinima` and loss `mse`, example i loses min{x², cᵢ(x−1)²}.",
    properties: {
      curvatures: {
        type: "array",
        minItems: 2,
        maxItems: 10000,
        items: { type: "number", exclusiveMinimum: 0, maximum: 1000000 },
        default: [0.1, 1.9],
        description:
          "Curvature cᵢ of each example around x = 1. With a mean of 1 both minima are equally sharp for full batches.",
      },
    },
    examples: { key: "curvatures.length" },
    targets: "numbers",
    from: "two-minima (curvatures {curvatures})",
  },
  load({ curvatures }) {
    const x = Float32Array.from(curvatures);
    const { length: n } = x;
    const train = { n, x, y: new Float32Array(n), labels: null };
    return Promise.resolve({ inputShape: [1], outputs: 1, train, test: null });
  },
});
