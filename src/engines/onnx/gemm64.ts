// Float64 matrix products on ONNX Runtime, for the stability analysis: the same `Gemm` as plain loops, many times faster.
import { onnx } from "onnx-proto";
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Gemm } from "../../util/gemm";
import { jsBatched, jsGemm } from "../../util/linalg/jsGemm";
import { ownThreads, type OnnxRuntime } from "./runtime";

const { DataType } = onnx.TensorProto;

const matrix = (name: string, sizes: number): onnx.IValueInfoProto => ({
  name,
  type: {
    tensorType: {
      elemType: DataType.DOUBLE,
      shape: { dim: Array.from({ length: sizes }, (_, i) => ({ dimParam: `${name}${i}` })) },
    },
  },
});

const int = (name: string, value: boolean): onnx.IAttributeProto => ({
  name,
  type: onnx.AttributeProto.AttributeType.INT,
  i: value ? 1 : 0,
});

/** One product of matrices. */
const single = (ta: boolean, tb: boolean): onnx.INodeProto[] => [
  {
    opType: "Gemm",
    input: ["a", "b"],
    output: ["c"],
    attribute: [int("transA", ta), int("transB", tb)],
  },
];

/** Many side by side. */
const batched = (tb: boolean): onnx.INodeProto[] => [
  ...(tb
    ? [
        {
          opType: "Transpose",
          input: ["b"],
          output: ["turned"],
          attribute: [{ name: "perm", type: onnx.AttributeProto.AttributeType.INTS, ints: [0, 2, 1] }],
        },
      ]
    : []),
  { opType: "MatMul", input: ["a", tb ? "turned" : "b"], output: ["c"] },
];

/** @param sizes  Of each of the arrays: two, or three where products stand side by side. */
function session(
  runtime: OnnxRuntime,
  threads: number,
  { node, sizes }: { readonly node: onnx.INodeProto[]; readonly sizes: 2 | 3 },
): Promise<InferenceSession> {
  const bytes = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 18 }],
    graph: {
      name: "gemm",
      node,
      input: [matrix("a", sizes), matrix("b", sizes)],
      output: [matrix("c", sizes)],
    },
  }).finish();
  return runtime.api.InferenceSession.create(bytes, {
    executionProviders: runtime.providers,
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    extra: ownThreads,
  });
}

/** Multiplications that plain loops do while the runtime is called once. */
const smallWork = 8e3;

/**
 * C = op(A) op(B) in float64, shapes as in `Gemm`. Compiles each variant on first use. Costs 2mnk flops:
 * at 600 cubed plain loops took 0.9 s, WebAssembly 0.13 s, the native build 0.02 s on two shared cores.
 */
export function gemm64(runtime: OnnxRuntime, threads = 0): Gemm {
  const { Tensor } = runtime.api;
  const sessions = new Map<string, Promise<InferenceSession>>();
  const run = async (
    [a, b, into]: readonly [Tensor, Tensor, Float64Array | undefined],
    sizes: readonly number[],
    model: { readonly key: string; readonly node: () => onnx.INodeProto[] },
  ): Promise<Float64Array> => {
    let built = sessions.get(model.key);
    if (!built) {
      const own = { node: model.node(), sizes: sizes.length === 2 ? 2 : 3 } as const;
      sessions.set(model.key, (built = session(runtime, threads, own)));
    }
    const direct = into && runtime.writesInto ? new Tensor("float64", into, sizes) : null;
    const result = await (await built).run({ a, b }, { c: direct });
    const c = result.c.data as Float64Array;
    if (!into) return c;
    if (!direct) into.set(c);
    return into;
  };
  const one: Gemm = (a, b, product) => {
    const { m, n, k, transposeA: ta = false, transposeB: tb = false, into } = product;
    if (m * n * k <= smallWork) return jsGemm(a, b, product);
    const left = new Tensor("float64", a, ta ? [k, m] : [m, k]);
    const right = new Tensor("float64", b, tb ? [n, k] : [k, n]);
    return run([left, right, into], [m, n], { key: `${ta} ${tb}`, node: () => single(ta, tb) });
  };
  const many: Gemm["batched"] = (a, b, products) => {
    const { batch, m, n, k, transposeB: tb = false, into } = products;
    if (batch * m * n * k <= smallWork) return jsBatched(a, b, products);
    const left = new Tensor("float64", a, [batch, m, k]);
    const right = new Tensor("float64", b, tb ? [batch, n, k] : [batch, k, n]);
    return run([left, right, into], [batch, m, n], { key: `batched ${tb}`, node: () => batched(tb) });
  };
  return Object.assign(one, { batched: many });
}
