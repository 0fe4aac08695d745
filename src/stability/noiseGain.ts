// Where the noise of the batches just sustains itself: the parameter at which its loop has gain 1.
import type { Gemm } from "../util/gemm";
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import { axpy, dot, entrywise, norm, scale } from "../util/linalg/vector";
import { FactorProducts } from "./factorProducts";
import type { Weights } from "./response";
import { ImageStack } from "./imageStack";
import { Secant } from "./secant";
import { truncate, type Factors } from "./secondMoment";

/** A family of weights w(t), see `response`, whose gain falls as t grows. */
export interface Family {
  weights(lambda: Float64Array, t: number): Weights;
  /** Where t begins; the gain may be infinite there. */
  readonly from: number;
  /** First guess, above `from`. */
  readonly guess: number;
}

export interface Crossing {
  readonly t: number;
  /** Estimate of the error of t. */
  readonly error: number;
  /** Blocks [n, K, K] of the mode that sustains itself and of the next one, to start from elsewhere. */
  readonly modes: readonly Float64Array[];
}

/** Blocks of a basis at most, and how many of them a restart keeps. */
const [most, kept] = [32, 8];
/** Above this rank the search starts from the mode found in a quarter of the directions, to this tolerance. */
const [coarseRank, coarseTolerance] = [128, 1e-3];
/** What is left of a vector below this share of it is rounding: there is no direction to add. */
const exhausted = 1e-10;
/** Rounds at most; a dozen are usual. */
const rounds = 300;

/**
 * The gain ν(t) is the largest eigenvalue of the symmetric positive map 𝒜 w(t) 𝒜* on blocks [n, K, K], 𝒜[Z]ᵢ = AᵢZAᵢᵀ. It has the spectrum
 * of Z ↦ w ∘ Σ HᵢZHᵢ on [r, r], in coordinates that depend neither on t nor on the rank: one basis serves every learning rate,
 * batch size, momentum and growth asked of the same factors, and a mode found in few directions starts the search in many.
 *
 * For blocks x the quotient q(t) = ⟨𝒜*x, w(t) 𝒜*x⟩ costs no product, and the t with q(t) = 1 is right to second order in the error of x:
 * a Rayleigh–Ritz method for a nonlinear eigenproblem. Since q ≤ ν that t is a lower bound, up to rounding.
 * @source Voss, "An Arnoldi method for nonlinear eigenvalue problems", BIT 44 (2004).
 */
export class NoiseGain {
  private readonly products: FactorProducts;
  /** Orthonormal blocks, and what `push` makes of each. */
  private basis: Float64Array[] = [];
  private readonly images: ImageStack;

  constructor(
    private readonly factors: Factors,
    private readonly gemm: Gemm,
  ) {
    this.products = new FactorProducts(factors, gemm);
    this.images = new ImageStack(this.products.half, most);
  }

  /**
   * The t at which the gain is 1; `family.from` where it is below 1 from there on.
   * @param tolerance  Relative error of t to stop at: its estimate is that of the gain, residual²/gap, over the gain's slope.
   * @param start      Modes to start from, where nothing has been asked before.
   */
  async crossing(family: Family, tolerance: number, start?: readonly Float64Array[]): Promise<Crossing> {
    // A basis at hand is asked before anything is added to it.
    let error = this.basis.length === 0 ? Infinity : 0;
    const search = new Secant(family.from, await this.begin(family, start));
    const w = new Float64Array(this.products.half);
    const weigh = (t: number): void => this.products.fill(family.weights(this.factors.lambda, t), w);
    weigh(search.t);
    let H: number[][] = [];
    for (let round = 0; ; round++) {
      await this.images.overlaps(H, w, this.gemm);
      const { values, vectors } = ritz(H);
      const gain = values[0];
      search.arrive(gain, (mix) => overlap(H, mix));
      // What is wrong with t is mended first, as far as the basis knows: that costs no product.
      if (search.step > error && search.step > 0.1 * tolerance * search.t && round < rounds) {
        // Close to `from` a mode may take over that the basis does not know yet.
        if (!search.advance(vectors.subarray(0, values.length), tolerance)) error = Infinity;
        weigh(search.t);
        H = [];
        continue;
      }
      const image = this.images.combine(vectors);
      const weighted = new Float64Array(image.length);
      if (search.near !== null) {
        weigh(search.near);
        entrywise(image, w, weighted);
        search.probe(dot(image, weighted));
        weigh(search.t);
      }
      entrywise(image, w, weighted);
      const residual = await this.products.pull(weighted);
      axpy(-gain, combine(this.basis, vectors), residual);
      const size = norm(residual);
      // Two values alone say nothing of the gap.
      const gap = values.length > 2 ? gain - values[1] : 0;
      const gainError = gap > size ? size ** 2 / gap : size;
      error = search.errorOf(gainError);
      const complete = size <= exhausted * gain;
      const above = search.t - search.low;
      const none = gain + 10 * gainError < 1 && above <= tolerance * search.t && (gap > 0 || complete);
      if (none || !(error + search.step > tolerance * search.t) || round >= rounds)
        return {
          t: none ? search.low : Math.max(search.wanted, family.from),
          error: none ? above : error + search.step,
          modes: [0, 1].flatMap((k) => (k < values.length ? [combine(this.basis, vectors, k)] : [])),
        };
      if (complete) continue;
      if (this.basis.length === most) {
        this.basis = Array.from({ length: kept }, (_, k) => combine(this.basis, vectors, k));
        this.images.replace(vectors, kept);
        H = [];
      }
      await this.expand(residual);
    }
  }

  /** Puts the first blocks into an empty basis, and gives the first t. */
  private async begin(family: Family, start?: readonly Float64Array[]): Promise<number> {
    const { from, guess } = family;
    const { factors, gemm } = this;
    if (this.basis.length > 0) return guess;
    const coarse =
      start || factors.r <= coarseRank
        ? null
        : await new NoiseGain(truncate(factors, factors.r >> 2), gemm).crossing(family, coarseTolerance);
    // The identity overlaps with every mode, and the next mode may be the first one here: examples that share no direction
    // would never find each other.
    for (const x of [this.identity(), ...(start ?? coarse?.modes ?? [])]) await this.expand(x);
    return coarse ? Math.max(coarse.t, from + (guess - from) / 8) : guess;
  }

  private identity(): Float64Array {
    const { n, K } = this.factors;
    const X = new Float64Array(n * K * K);
    for (let i = 0; i < n * K; i++) X[i * K + (i % K)] = 1;
    return X;
  }

  /** Adds x, made orthonormal to the basis, unless it lies in its span. */
  private async expand(x: Float64Array): Promise<void> {
    const u = x.slice();
    scale(1 / norm(u), u);
    for (let pass = 0; pass < 2; pass++) for (const b of this.basis) axpy(-dot(b, u), b, u);
    const left = norm(u);
    if (left < exhausted) return;
    scale(1 / left, u);
    this.basis.push(u);
    this.images.add(await this.products.push(u));
  }
}

/** The Ritz vector number k. */
function combine(basis: readonly Float64Array[], vectors: Float64Array, k = 0): Float64Array {
  const sum = new Float64Array(basis[0].length);
  basis.forEach((u, i) => axpy(vectors[k * basis.length + i], u, sum));
  return sum;
}

/** cᵀHc. */
const overlap = (H: readonly (readonly number[])[], c: Float64Array): number =>
  H.reduce((sum, row, i) => sum + row.reduce((s, x, j) => s + (i === j ? 1 : 2) * x * c[i] * c[j], 0), 0);

/** Eigenpairs of a symmetric matrix given by its lower rows. */
function ritz(H: readonly (readonly number[])[]) {
  const m = H.length;
  const dense = new Float64Array(m * m);
  H.forEach((row, i) => row.forEach((x, j) => (dense[i * m + j] = dense[j * m + i] = x)));
  return symmetricEigen(dense, m);
}
