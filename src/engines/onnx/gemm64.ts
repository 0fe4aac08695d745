// Float64 matrix products on ONNX Runtime, for the stability analysis: the same `Gemm` as plain loops, many times faster.
import { onnx } from "onnx-proto";
import type { InferenceSession } from "onnxruntime-node";
import type { Gemm } from "../../util/gemm";
import { jsGemm } from "../../util/linalg/jsGemm";
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
  return async (a, b, product) => {
    const { batch = 1, m, n, k, transposeA: ta = false, transposeB: tb = false, into } = product;
    if (batch * m * n * k <= smallWork) return jsGemm(a, b, product);
    const many = batch > 1;
    const key = `${many} ${ta} ${tb}`;
    let built = sessions.get(key);
    if (!built) {
      const model = many
        ? ({ node: batched(tb), sizes: 3 } as const)
        : ({ node: single(ta, tb), sizes: 2 } as const);
      sessions.set(key, (built = session(runtime, threads, model)));
    }
    const shape = (...sizes: number[]): number[] => (many ? [batch, ...sizes] : sizes);
    const feeds = {
      a: new Tensor("float64", a, ta ? shape(k, m) : shape(m, k)),
      b: new Tensor("float64", b, tb ? shape(n, k) : shape(k, n)),
    };
    const direct = into && runtime.writesInto ? new Tensor("float64", into, shape(m, n)) : null;
    const result = await (await built).run(feeds, { c: direct });
    const c = result.c.data as Float64Array;
    if (!into) return c;
    if (!direct) into.set(c);
    return into;
  };
}
