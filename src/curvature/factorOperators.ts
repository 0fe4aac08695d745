// Products with the per-example factors Gᵢ and their means, at one θ: Gauss–Newton matrix, noise matrix, operators on data space.
// Where the model normalizes over the batch, fᵢ is what example i gives in the batch of all examples, whose statistics move with θ: the
// factors are then those of the same dynamics as the Hessian.
import type { Node } from "../graph/node";
import { mul, reshape, sumLast } from "../graph/ops";
import type { Chunk } from "./chunks";
import type { CompiledNetwork } from "./compiledNetwork";
import { pulled, pushed } from "./factors";
import { viewsOf } from "./flat";
import type { AtPoint } from "./lossOperators";
import type { LinearOperator } from "./operator";

/** Kernel blocks GᵢᵀGᵢ [n, K, K], computed when first asked for. */
type Blocks = () => Promise<Float32Array>;

/** Gauss–Newton product (1/n) Σ GᵢGᵢᵀ v. Costs about one Hessian product. */
export function gaussNewton({ fullBatch, shapes, size, meter }: AtPoint): LinearOperator {
  return {
    size,
    apply: async (v, out) => {
      await meter.check();
      await fullBatch.mean(
        "gaussNewton",
        (compiled) => pushed(compiled, pulled(compiled)),
        ({ compiled }) => compiled.views(v, shapes),
        viewsOf(out, shapes),
      );
      meter.products++;
    },
  };
}

/**
 * Σ v = (1/n) Σ Gᵢ (GᵢᵀGᵢ)(Gᵢᵀv) − H(Hv) with H = (1/n) Σ GᵢGᵢᵀ: the price of two Gauss–Newton products whatever n is.
 * @source theory.md, section 1.
 */
export function noiseMatrix(at: AtPoint, blocks: Blocks): LinearOperator {
  const { fullBatch, shapes, size, meter } = at;
  const { K } = fullBatch.network;
  const kernelOf = ({ network: { graph, n } }: CompiledNetwork): Node => graph.input("kernel", [n, K, K]);
  const outputs = (compiled: CompiledNetwork): Node[] => {
    const { n } = compiled.network;
    const c = pulled(compiled);
    const weighted = sumLast(mul(kernelOf(compiled), reshape(c, [n, 1, K])));
    return [...pushed(compiled, weighted), ...pushed(compiled, c)];
  };
  const half = gaussNewton(at);
  const [hv, hhv] = [new Float32Array(size), new Float32Array(size)];
  return {
    size,
    apply: async (v, out) => {
      await meter.check();
      const kernel = await blocks();
      const feeds = ({ compiled, start, n }: Chunk) =>
        compiled
          .views(v, shapes)
          .set(kernelOf(compiled), kernel.subarray(start * K * K, (start + n) * K * K));
      await fullBatch.mean("noise", outputs, feeds, [...viewsOf(out, shapes), ...viewsOf(hv, shapes)]);
      meter.products++;
      await half.apply(hv, hhv);
      for (let i = 0; i < out.length; i++) out[i] -= hhv[i];
    },
  };
}

/** Gᵀv as [nK], row iK + k: coordinates of every example's factor along v. Costs about half a product. */
export async function factorCoordinates(
  { fullBatch, shapes, meter }: AtPoint,
  v: Float32Array,
): Promise<Float32Array> {
  await meter.check();
  const { n, K } = fullBatch.network;
  const c = new Float32Array(n * K);
  await fullBatch.forEach(
    "factorCoordinates",
    (compiled) => [pulled(compiled)],
    ({ compiled }) => compiled.views(v, shapes),
    ([own], { start }) => c.set(own, start * K),
  );
  meter.products++;
  return c;
}

/** (1/n) G c, [P], from c [nK]: the transpose of `factorCoordinates` over n. Costs about half a product. */
export async function pushFactors(
  { fullBatch, shapes, meter }: AtPoint,
  c: Float32Array,
  out: Float32Array,
): Promise<void> {
  await meter.check();
  const { K } = fullBatch.network;
  const cOf = ({ network: { graph, n } }: CompiledNetwork): Node => graph.input("data.c", [n, K]);
  await fullBatch.mean(
    "pushed",
    (compiled) => pushed(compiled, cOf(compiled)),
    ({ compiled, start, n }) => new Map([[cOf(compiled), c.subarray(start * K, (start + n) * K)]]),
    viewsOf(out, shapes),
  );
}

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
 * The sufficient condition's operator on data space [nK]: c ↦ (1 − p)/n GᵀG c + p blockdiag(GᵢᵀGᵢ) c. Its λmax bounds the
 * generalized one of ((1−p)H² + p(1/n)ΣHᵢ²) against H from above (v ↦ c = Gᵀv), so 2/λmax is certainly stable.
 * @param gram  c ↦ (1/n) GᵀG c; what one product costs.
 * @source theory.md, section 1.
 */
export function sufficientOperator(
  { fullBatch }: AtPoint,
  p: number,
  { blocks, gram }: { readonly blocks: Blocks; readonly gram: LinearOperator },
): LinearOperator {
  const { n, K } = fullBatch.network;
  const forth = new Float32Array(n * K);
  return {
    size: n * K,
    apply: async (c, out) => {
      await gram.apply(c, forth);
      const kernel = p === 0 ? null : await blocks();
      for (let i = 0; i < n; i++)
        for (let k = 0; k < K; k++) {
          const row = (i * K + k) * K;
          let own = 0;
          if (kernel) for (let m = 0; m < K; m++) own += kernel[row + m] * c[i * K + m];
          out[i * K + k] = (1 - p) * forth[i * K + k] + p * own;
        }
    },
  };
}
