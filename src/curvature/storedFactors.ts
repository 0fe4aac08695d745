// The factors of all examples kept in memory: products with their Gram matrix that do not go through the network.
import type { Engine } from "../engines/engine";
import { Graph, sizeOf, type Node } from "../graph/node";
import { add, matmul, reshape, sum } from "../graph/ops";
import type { ChunkPoints } from "./chunks";
import { passesOf, signalsOfAll, widthsOf } from "./factors";
import type { TapSignal } from "./gram";
import type { Meter } from "./meter";
import type { Network } from "./network";
import { StagedFunction, StagedPoint } from "./stagedFunction";

/** Whether the Gram matrix of a dense layer's inputs [n, in] is the cheaper way, and not the weight that they make. */
const byOverlap = (n: number, features: number): boolean => n <= 2 * features;

/** Bytes of the signals of all examples and of what is staged of them. */
export function storedBytes(network: Network): number {
  const { n, K, taps } = network;
  const widths = widthsOf(network);
  return taps.reduce((total, { dense }, l) => {
    const features = dense ? sizeOf(dense.input.shape) / n : 0;
    const overlap = dense && byOverlap(n, features) ? n : 0;
    return total + 4 * n * (K * widths[l] + features + overlap);
  }, 0);
}

/** The signals of every tap over all examples. Costs K back-propagations; 4 nK · width bytes a tap. */
export async function storeSignals(examples: ChunkPoints, meter: Meter): Promise<TapSignal[]> {
  const stored: TapSignal[] = [];
  for (const group of passesOf(examples.network).groups)
    (await signalsOfAll(examples, group, meter)).forEach((signal, i) => (stored[group[i]] = signal));
  return stored;
}

/** What `productFunction` compiles: c ↦ GᵀG c/n of signals of these shapes. */
export interface ProductFunction {
  /** @param signals  Values of the placeholders, which stay as they are while `at` is in use. */
  at(signals: readonly TapSignal[]): StagedPoint;
  /** [nK] → [nK]. */
  run(at: StagedPoint, c: Float32Array, out: Float32Array): Promise<void>;
}

/**
 * c ↦ (1/n) GᵀG c on data space [nK]. For a dense layer with inputs aᵢ and signals δᵢₖ
 *
 *   (GᵀGc)ᵢₖ = ⟨δᵢₖ, Σⱼ ⟨aᵢ, aⱼ⟩ uⱼ⟩,   uⱼ = Σₘ cⱼₘ δⱼₘ,
 *
 * where Σⱼ aⱼ uⱼᵀ comes first if it is smaller than the inner products of all inputs. Any other layer has its rows R written down:
 * R(Rᵀc). Costs 4 nK · width flops a tap, and 2 n · out · min(n, 2 in) for a dense one.
 * @source theory.md, section 2.
 */
export async function productFunction(
  engine: Engine,
  { n, K }: Pick<Network, "n" | "K">,
  like: readonly TapSignal[],
): Promise<ProductFunction> {
  const graph = new Graph();
  const c = graph.input("c", [n * K]);
  const rows = like.map(({ width, dense }, l) =>
    graph.input(`rows${l}`, dense ? [n, K, width] : [n * K, width]),
  );
  const inputs = like.map(({ dense }, l) =>
    dense ? graph.input(`input${l}`, [n, dense.input.length / n]) : null,
  );
  const ofDense = (delta: Node, input: Node, bias: boolean): Node => {
    const [, , width] = delta.shape;
    const u = reshape(matmul(reshape(c, [n, 1, K]), delta), [n, width]);
    const image = byOverlap(n, input.shape[1])
      ? matmul(matmul(input, input, { tb: true }), u)
      : matmul(input, matmul(input, u, { ta: true }));
    const whole = bias ? add(image, sum(u, [0])) : image;
    return reshape(matmul(delta, reshape(whole, [n, width, 1])), [n * K]);
  };
  const ofRows = (own: Node): Node =>
    reshape(matmul(own, matmul(reshape(c, [1, n * K]), own), { tb: true }), [n * K]);
  const terms = like.map(({ dense }, l) =>
    dense ? ofDense(rows[l], inputs[l]!, dense.bias) : ofRows(rows[l]),
  );
  const given = [...rows, ...inputs.filter((node) => node !== null)];
  const all = terms.reduce((a, b) => add(a, b));
  const [compiled] = await StagedFunction.compile(engine, [{ outputs: [all], dynamic: [c] }], given);
  return {
    at: (signals) =>
      new StagedPoint(
        new Map(
          signals.flatMap(({ rows: values, dense }, l) => [
            [rows[l], values] as const,
            ...(dense ? [[inputs[l]!, dense.input] as const] : []),
          ]),
        ),
      ),
    run: async (at, values, out) => {
      await compiled.run(at, new Map([[c, values]]), [out]);
      for (let i = 0; i < out.length; i++) out[i] /= n;
    },
  };
}
