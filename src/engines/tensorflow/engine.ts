// TensorFlow as an engine: runs a graph op by op through tfjs. Slower; native when tfjs-node loads, an oracle otherwise.
import type * as tfjs from "@tensorflow/tfjs-core";
import type { Tf, TfTensor } from "../../graph/lowering";
import { reachable, type Node } from "../../graph/node";
import type { Compiled, Engine } from "../engine";

/** The runtime to execute on: `@tensorflow/tfjs-node`, or tfjs-core with a backend registered. */
export interface TensorflowRuntime {
  readonly tf: typeof tfjs;
  readonly version: string;
}

/** Evaluates `outputs` given values for `inputs`; pure in tfjs tensors, so tfjs's own autodiff can go through it. */
export function evaluate(
  tf: typeof tfjs,
  inputs: readonly Node[],
  outputs: readonly Node[],
  feeds: readonly tfjs.Tensor[],
): tfjs.Tensor[] {
  const values = new Map<Node, TfTensor>(inputs.map((node, i) => [node, feeds[i]]));
  for (const node of reachable(outputs, new Set(inputs))) {
    if (values.has(node)) continue;
    values.set(
      node,
      node.op.tf(
        tf as unknown as Tf,
        node.inputs.map((input) => values.get(input)!),
        node,
      ),
    );
  }
  return outputs.map((node) => values.get(node) as tfjs.Tensor);
}

export function tensorflowEngine({ tf, version }: TensorflowRuntime): Engine {
  return {
    name: "tensorflow",
    version,
    compile(inputs, outputs) {
      const compiled: Compiled = {
        run(feeds, into = []) {
          const tensors = tf.tidy(() => {
            const given = feeds.map((values, i) => tf.tensor(values, [...inputs[i].shape], "float32"));
            return evaluate(tf, inputs, outputs, given).map((tensor) => tensor.clone());
          });
          const results = tensors.map((tensor, i) => {
            const values = tensor.dataSync<"float32">();
            tensor.dispose();
            const target = into[i];
            if (!target) return Float32Array.from(values);
            target.set(values);
            return target;
          });
          return Promise.resolve(results);
        },
        dispose: () => Promise.resolve(),
      };
      return Promise.resolve(compiled);
    },
  };
}
