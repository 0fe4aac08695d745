// Normalizations, both with ε = 1e-5: over the last axis of each position (torch.nn.LayerNorm), and over the batch (BatchNorm1d, 2d).
import { sizeOf, type Node } from "../../graph/node";
import { add, concat, mul, reciprocal, reshape, sqrt, sub, sum } from "../../graph/ops";
import { constantInit } from "../initialize";
import { exampleShape } from "../scope";
import { defineLayer } from "./layer";

/** PyTorch's default, added to the variance. */
const epsilon = 1e-5;

/** (x − mean) / √(variance + ε) over `axes`, biased variance. */
function standardized(x: Node, axes: readonly number[]): Node {
  const count = axes.reduce((total, axis) => total * x.shape[axis], 1);
  const centred = sub(x, mul(sum(x, axes), 1 / count));
  const variance = mul(sum(mul(centred, centred), axes), 1 / count);
  return mul(centred, reciprocal(sqrt(add(variance, epsilon))));
}

export const layerNorm = defineLayer<null>(
  { about: "torch.nn.LayerNorm over the last axis.", bare: true },
  (x, _options, scope) => {
    const width = x.shape[x.shape.length - 1];
    const n = x.shape[0];
    const weight = scope.parameter("weight", [width], constantInit(1));
    const bias = scope.parameter("bias", [width], constantInit(0));
    const normal = standardized(x, [x.shape.length - 1]);
    const output = add(mul(normal, weight), bias);
    scope.tap({
      output,
      // Σ over positions of δ ∘ x̂ and of δ.
      perExample: (delta) => {
        const rows = (node: Node) => reshape(node, [n, sizeOf(x.shape) / n / width, width]);
        const summed = (node: Node) => reshape(sum(rows(node), [1]), [n, width]);
        return concat([summed(mul(delta, normal)), summed(delta)], 1);
      },
    });
    return output;
  },
);

/**
 * torch.nn.BatchNorm2d for images, BatchNorm1d for vectors. `train` and `probe` normalize by the batch's own mean and biased
 * variance, `running` by the buffers, which a training step moves towards the batch's mean and unbiased variance.
 */
export const batchNorm = defineLayer<null>(
  { about: "torch.nn.BatchNorm2d for images, BatchNorm1d for vectors.", bare: true },
  (x, _options, scope) => {
    const axes = x.shape.length === 4 ? [0, 2, 3] : [0];
    if (x.shape.length !== 2 && x.shape.length !== 4)
      throw scope.error(
        `batchNorm wants images or vectors; its input has shape ${exampleShape(x)}.`,
        "Use layerNorm for sequences.",
      );
    const [n, width] = x.shape;
    const spread = x.shape.map((_, i) => (i === 1 ? width : 1));
    const wide = (node: Node) => reshape(node, spread);
    const weight = scope.parameter("weight", [width], constantInit(1));
    const bias = scope.parameter("bias", [width], constantInit(0));
    const count = sizeOf(x.shape) / width;
    const average = (node: Node) => mul(sum(node, axes), 1 / count);
    const centred = () => sub(x, average(x));
    const variance = () => average(mul(centred(), centred()));
    const mean = scope.buffer({ name: "running_mean", shape: [width], start: 0 }, () =>
      reshape(average(x), [width]),
    );
    const wider = scope.buffer({ name: "running_var", shape: [width], start: 1 }, () =>
      reshape(mul(variance(), count / Math.max(1, count - 1)), [width]),
    );
    const running = scope.build.mode === "running";
    const [centre, deviation] = running
      ? [sub(x, wide(mean)), sqrt(add(wide(wider), epsilon))]
      : [centred(), sqrt(add(variance(), epsilon))];
    const normal = mul(centre, reciprocal(deviation));
    const output = add(mul(normal, wide(weight)), wide(bias));
    scope.tap({
      output,
      perExample: (delta) => {
        const summed = (node: Node) => reshape(x.shape.length === 4 ? sum(node, [2, 3]) : node, [n, width]);
        return concat([summed(mul(delta, normal)), summed(delta)], 1);
      },
    });
    return output;
  },
);
