// Products with the per-example factors Gᵢ and their means, at one θ: Gauss–Newton matrix, noise matrix, operators on data space.
// Where the model normalizes over the batch, fᵢ is what example i gives in the batch of all examples, whose statistics move with θ: the
// factors are then those of the same dynamics as the Hessian.
import type { Node } from "../graph/node";
import { dot } from "../util/linalg/vector";
import type { Chunk } from "./chunks";
import type { CompiledNetwork } from "./compiledNetwork";
import { pulled, pushed } from "./factors";
import { viewsOf } from "./flat";
import type { AtPoint } from "./lossOperators";
import type { LinearOperator } from "./operator";
import type { StagedFunction } from "./stagedFunction";

/** Inner products of the factors. */
interface DataSpace {
  /** Kernel blocks GᵢᵀGᵢ [n, K, K], computed when first asked for. */
  readonly blocks: () => Promise<Float32Array>;
  /** c ↦ (1/n) GᵀG c on [nK]; what one product costs. */
  readonly gram: LinearOperator;
}

/** A placeholder for cᵢ [n, K]. */
const cOf = ({ network: { graph, n, K } }: CompiledNetwork): Node => graph.input("factor.c", [n, K]);

/** v ↦ Gᵀv and c ↦ (1/n) Gc, which share what they stage: whatever is made of the two, one set of staged values serves it. */
function halvesOf(compiled: CompiledNetwork): Promise<readonly StagedFunction[]> {
  const c = cOf(compiled);
  return compiled.functionsOf("factors", () => [
    { outputs: [pulled(compiled)], dynamic: compiled.v },
    { outputs: pushed(compiled, c), dynamic: [c] },
  ]);
}

/** Gᵀv of a chunk's examples, [n, K]. */
async function pull({ shapes, meter }: AtPoint, { compiled, point }: Chunk, v: Float32Array) {
  await meter.check();
  const [half] = await halvesOf(compiled);
  return (await half.run(point, compiled.views(v, shapes)))[0];
}

/** (1/n) G c of a chunk's n examples, one array a parameter. */
async function push(
  { meter }: AtPoint,
  { compiled, point }: Chunk,
  c: Float32Array,
  into?: readonly Float32Array[],
): Promise<readonly Float32Array[]> {
  await meter.check();
  const [, half] = await halvesOf(compiled);
  return half.run(point, new Map([[cOf(compiled), c]]), into);
}

/** The part of [n, …] that belongs to a chunk. */
const partOf = (all: Float32Array, { start, n }: Chunk, examples: number): Float32Array => {
  const width = all.length / examples;
  return all.subarray(start * width, (start + n) * width);
};

/** cᵢ ↦ GᵢᵀGᵢ cᵢ for blocks [n, K, K] and c [n, K]. */
function throughBlocks(blocks: Float32Array, c: Float32Array): Float32Array {
  const K = blocks.length / c.length;
  return c.map((_, row) => {
    let own = 0;
    for (let m = 0; m < K; m++) own += blocks[row * K + m] * c[row - (row % K) + m];
    return own;
  });
}

/** Gauss–Newton product (1/n) Σ GᵢGᵢᵀ v. Costs about one Hessian product. */
export function gaussNewton(at: AtPoint): LinearOperator {
  const { fullBatch, shapes, size, meter } = at;
  return {
    size,
    apply: async (v, out) => {
      await fullBatch.average(
        async (chunk, own) => push(at, chunk, await pull(at, chunk, v), own),
        viewsOf(out, shapes),
      );
      meter.products++;
    },
  };
}

/** Gᵀv as [nK], row iK + k: coordinates of every example's factor along v. Costs about half a product. */
export async function factorCoordinates(at: AtPoint, v: Float32Array): Promise<Float32Array> {
  const { n, K } = at.fullBatch.network;
  const c = new Float32Array(n * K);
  for (const chunk of at.fullBatch.list) c.set(await pull(at, chunk, v), chunk.start * K);
  at.meter.products++;
  return c;
}

/** vᵀ((1/n) Σ GᵢGᵢᵀ)v along v [P]. Costs about half a product. */
export async function gaussNewtonAlong(at: AtPoint, v: Float32Array): Promise<number> {
  const c = await factorCoordinates(at, v);
  return dot(c, c) / at.fullBatch.network.n;
}

/** (1/n) G c, [P], from c [nK]: the transpose of `factorCoordinates` over n. Costs about half a product. */
export const pushFactors = (at: AtPoint, c: Float32Array, out: Float32Array): Promise<void> =>
  at.fullBatch.average(
    (chunk, own) => push(at, chunk, partOf(c, chunk, at.fullBatch.network.n), own),
    viewsOf(out, at.shapes),
  );

/** c ↦ (1/n) GᵀG c on data space [nK], through the network: one vector-Jacobian and one Jacobian-vector product. */
export function gramOperator(at: AtPoint): LinearOperator {
  const { n, K } = at.fullBatch.network;
  const back = new Float32Array(at.size);
  return {
    size: n * K,
    apply: async (c, out) => {
      await pushFactors(at, c, back);
      out.set(await factorCoordinates(at, back));
    },
  };
}

/**
 * Σ v = (1/n) Σ Gᵢ (GᵢᵀGᵢ)(Gᵢᵀv) − H(Hv) with H = (1/n) Σ GᵢGᵢᵀ, that is (1/n) G(Kc − (1/n) GᵀGc) with c = Gᵀv and K the blocks:
 * the price of two Gauss–Newton products whatever n is, and of one where the factors are kept.
 * @source theory.md, section 1.
 */
export function noiseMatrix(at: AtPoint, { blocks, gram }: DataSpace): LinearOperator {
  const { n, K } = at.fullBatch.network;
  const mean = new Float32Array(n * K);
  return {
    size: at.size,
    apply: async (v, out) => {
      const kernel = await blocks();
      const c = await factorCoordinates(at, v);
      await gram.apply(c, mean);
      const noisy = throughBlocks(kernel, c);
      for (let i = 0; i < noisy.length; i++) noisy[i] -= mean[i];
      await pushFactors(at, noisy, out);
    },
  };
}

/**
 * The sufficient condition's operator on data space [nK]: c ↦ (1 − p)/n GᵀG c + p blockdiag(GᵢᵀGᵢ) c. Its λmax bounds the
 * generalized one of ((1−p)H² + p(1/n)ΣHᵢ²) against H from above (v ↦ c = Gᵀv), so 2/λmax is certainly stable.
 * @source theory.md, section 1.
 */
export function sufficientOperator(
  { fullBatch }: AtPoint,
  p: number,
  { blocks, gram }: DataSpace,
): LinearOperator {
  const { n, K } = fullBatch.network;
  const forth = new Float32Array(n * K);
  return {
    size: n * K,
    apply: async (c, out) => {
      await gram.apply(c, forth);
      const own = p === 0 ? null : throughBlocks(await blocks(), c);
      for (let i = 0; i < n * K; i++) out[i] = (1 - p) * forth[i] + (own ? p * own[i] : 0);
    },
  };
}
