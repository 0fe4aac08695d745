// Multilayer perceptron: dense layers with one activation between them, none after the last.
import { add, matmul } from "../graph/ops";
import type { MlpSpec } from "../protocol/experiment";
import { activations } from "./activations";
import type { DenseTap, Model, ParameterInfo } from "./model";

/** z = a Wᵀ + b. Layers are named 0, 2, 4, …: in nn.Sequential the activations between them take an index too. */
export function mlp(spec: MlpSpec, inputs: number, outputs: number): Model {
  const widths = [inputs, ...spec.hidden, outputs];
  const layers = widths.slice(1).map((out, i) => ({ index: 2 * i, in: widths[i], out }));
  const parameters = layers.flatMap((layer): ParameterInfo[] => [
    { name: `${layer.index}.weight`, shape: [layer.out, layer.in], fanIn: layer.in },
    ...(spec.bias ? [{ name: `${layer.index}.bias`, shape: [layer.out], fanIn: layer.in }] : []),
  ]);
  const activation = activations[spec.activation];
  return {
    parameters,
    build(x) {
      const parameterNodes = parameters.map(({ name, shape }) => x.graph.input(name, shape));
      const taps: DenseTap[] = [];
      let a = x;
      layers.forEach((_, i) => {
        const [weight, bias] = parameterNodes.slice(i * (spec.bias ? 2 : 1));
        const product = matmul(a, weight, { tb: true });
        const z = spec.bias ? add(product, bias) : product;
        taps.push({ input: a, output: z, bias: spec.bias });
        a = i < layers.length - 1 ? activation(z) : z;
      });
      return { parameterNodes, output: a, taps };
    },
  };
}
