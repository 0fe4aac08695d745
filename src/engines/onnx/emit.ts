// A graph as the bytes of an ONNX model (opset 18, float32, static shapes).
import { onnx } from "onnx-proto";
import { constantOf, reachable, type Node } from "../../graph/node";
import type { OnnxEmitter } from "../../graph/lowering";

const opset = 18;
/** IR version 8 is the first that carries opset 18; every ONNX Runtime since 1.14 reads it. */
const irVersion = 8;
const { DataType } = onnx.TensorProto;
const { AttributeType } = onnx.AttributeProto;

const valueInfo = (name: string, shape: readonly number[]): onnx.IValueInfoProto => ({
  name,
  type: { tensorType: { elemType: DataType.FLOAT, shape: { dim: shape.map((dimValue) => ({ dimValue })) } } },
});

export interface OnnxModel {
  readonly bytes: Uint8Array;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/**
 * Emits `outputs` as a function of `inputs` (placeholders or interior nodes, which become the model's inputs).
 *
 * @param portable  As `OnnxEmitter.portable`.
 */
export function emitOnnx(inputs: readonly Node[], outputs: readonly Node[], portable: boolean): OnnxModel {
  const nodes: onnx.INodeProto[] = [];
  const initializer: onnx.ITensorProto[] = [];
  const constants = new Map<string, string>();
  const constant = (key: string, make: (name: string) => onnx.ITensorProto): string => {
    const old = constants.get(key);
    if (old) return old;
    const name = `c${constants.size}`;
    constants.set(key, name);
    initializer.push(make(name));
    return name;
  };
  const append = (
    [opType, from, attributes = {}, floats = {}]: Parameters<OnnxEmitter["node"]>,
    output: string[],
  ): void => {
    const attribute: onnx.IAttributeProto[] = [
      ...Object.entries(attributes).map(([name, value]) =>
        typeof value === "number"
          ? { name, type: AttributeType.INT, i: value }
          : { name, type: AttributeType.INTS, ints: [...value] },
      ),
      ...Object.entries(floats).map(([name, f]) => ({ name, type: AttributeType.FLOAT, f })),
    ];
    nodes.push({ opType, input: [...from], output, attribute });
  };
  const emitter: OnnxEmitter = {
    portable,
    node(...given) {
      const name = `t${nodes.length}`;
      append(given, [name]);
      return name;
    },
    second(...given) {
      const name = `t${nodes.length}`;
      append(given, [`${name}.first`, name]);
      return name;
    },
    floats: (values, shape) =>
      constant(`f${shape.join(",")}:${Array.prototype.join.call(values, ",")}`, (name) => ({
        name,
        dims: [...shape],
        dataType: DataType.FLOAT,
        floatData: Array.from(values),
      })),
    ints: (values) =>
      constant(`i${values.join(",")}`, (name) => ({
        name,
        dims: [values.length],
        dataType: DataType.INT64,
        int64Data: [...values],
      })),
  };

  const given = new Set(inputs);
  const names = new Map<Node, string>(inputs.map((node, i) => [node, `x${i}`]));
  for (const node of reachable(outputs, given)) {
    if (names.has(node)) continue;
    const value = constantOf(node);
    if (value !== null && node.shape.length > 0) {
      // One number, expanded by the runtime: a large constant tensor never sits in the model's bytes.
      names.set(node, emitter.node("Expand", [emitter.floats([value], []), emitter.ints(node.shape)]));
    } else {
      names.set(
        node,
        node.op.onnx(
          emitter,
          node.inputs.map((input) => names.get(input)!),
          node,
        ),
      );
    }
  }
  // An output is its node's own value: where an Identity follows, the runtime's Gemm–Transpose fusion loses the node's other
  // readers and refuses the model. What no node makes, and what is asked for twice, has to have one.
  const made = new Set(nodes.flatMap(({ output }) => output!));
  const outputNames = outputs.map((node) => {
    const name = names.get(node)!;
    return made.delete(name) ? name : emitter.node("Identity", [name]);
  });
  const inputNames = inputs.map((_, i) => `x${i}`);
  const bytes = onnx.ModelProto.encode({
    irVersion,
    producerName: "basin",
    opsetImport: [{ domain: "", version: opset }],
    graph: {
      name: "basin",
      node: nodes,
      initializer,
      input: inputs.map((node, i) => valueInfo(inputNames[i], node.shape)),
      output: outputs.map((node, i) => valueInfo(outputNames[i], node.shape)),
    },
  }).finish();
  return { bytes, inputs: inputNames, outputs: outputNames };
}
