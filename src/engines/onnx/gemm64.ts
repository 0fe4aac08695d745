// Float64 matrix products on ONNX Runtime, for the stability analysis: the same `Gemm` as plain loops, many times faster.
import { onnx } from "onnx-proto";
import type { InferenceSession } from "onnxruntime-node";
import type { Gemm } from "../../util/gemm";
import { jsGemm } from "../../util/linalg/jsGemm";
import type { OnnxRuntime } from "./runtime";

const { DataType } = onnx.TensorProto;

const session = (
  runtime: OnnxRuntime,
  threads: number,
  ta: boolean,
  tb: boolean,
): Promise<InferenceSession> => {
  const matrix = (name: string): onnx.IValueInfoProto => ({
    name,
    type: {
      tensorType: {
        elemType: DataType.DOUBLE,
        shape: { dim: [{ dimParam: `${name}0` }, { dimParam: `${name}1` }] },
      },
    },
  });
  const int = (name: string, value: boolean): onnx.IAttributeProto => ({
    name,
    type: onnx.AttributeProto.AttributeType.INT,
    i: value ? 1 : 0,
  });
  const bytes = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 18 }],
    graph: {
      name: "gemm",
      node: [
        {
          opType: "Gemm",
          input: ["a", "b"],
          output: ["c"],
          attribute: [int("transA", ta), int("transB", tb)],
        },
      ],
      input: [matrix("a"), matrix("b")],
      output: [matrix("c")],
    },
  }).finish();
  return runtime.api.InferenceSession.create(bytes, {
    executionProviders: runtime.providers,
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
    // Threads that wait for the next product by spinning take the core that works between products.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
};

/** Multiplications that plain loops do while the runtime is called once. */
const smallWork = 8e3;

/**
 * C = op(A) op(B) in float64, shapes as in `Gemm`. Compiles the four transpose variants on first use. Costs 2mnk flops:
 * at 600 cubed plain loops took 0.9 s, WebAssembly 0.13 s, the native build 0.02 s on two shared cores.
 */
export function gemm64(runtime: OnnxRuntime, threads = 0): Gemm {
  const { Tensor } = runtime.api;
  const sessions = new Map<string, Promise<InferenceSession>>();
  return async (a, b, product) => {
    const { m, n, k, transposeA: ta = false, transposeB: tb = false } = product;
    if (m * n * k <= smallWork) return jsGemm(a, b, product);
    const key = `${ta}${tb}`;
    let built = sessions.get(key);
    if (!built) sessions.set(key, (built = session(runtime, threads, ta, tb)));
    const result = await (
      await built
    ).run({
      a: new Tensor("float64", a, ta ? [k, m] : [m, k]),
      b: new Tensor("float64", b, tb ? [n, k] : [k, n]),
    });
    return result.c.data as Float64Array;
  };
}
