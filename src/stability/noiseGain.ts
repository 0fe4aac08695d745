// Where the noise of the batches just sustains itself: the parameter at which its loop has gain 1.
import type { Gemm } from "../util/gemm";
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import { axpy, dot, entrywise, norm, scale } from "../util/linalg/vector";
import { FactorProducts } from "./factorProducts";
import type { Weights } from "./response";
import { ImageStack } from "./imageStack";
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
  /** Products taken so far: a pull and a push each. */
  count = 0;

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
    const { products } = this;
    const { from } = family;
    let [t, low] = [family.guess, from];
    // A basis at hand is asked before anything is added to it.
    let error = 0;
    if (this.basis.length === 0) {
      error = Infinity;
      const coarse = start ? null : await this.coarse(family);
      if (coarse) t = Math.max(coarse.t, low + (t - low) / 8);
      // The identity overlaps with every mode, and the next mode may be the first one here: examples that share no direction
      // would never find each other.
      for (const x of [this.identity(), ...(start ?? coarse?.modes ?? [])]) await this.expand(x);
    }
    const w = new Float64Array(products.half);
    const weigh = (at: number): void => products.fill(family.weights(this.factors.lambda, at), w);
    weigh(t);
    let H: number[][] = [];
    // Slope of 1/q, an almost linear function of t; a guess until a step in t, with the same blocks, has measured it.
    let slope = NaN;
    let measured = false;
    let before: { readonly t: number; readonly gain: number; readonly mix: Float64Array } | null = null;
    for (let round = 0; ; round++) {
      await this.images.overlaps(H, w, this.gemm);
      const { values, vectors } = ritz(H);
      const gain = values[0];
      if (before) {
        slope = (1 / overlap(H, before.mix) - 1 / before.gain) / (t - before.t);
        measured = true;
        before = null;
      } else if (!measured) slope = 1 / (gain * (t - from));
      if (gain >= 1) low = Math.max(low, t);
      const wanted = t + (1 - 1 / gain) / slope;
      const step = Math.abs(wanted - t);
      const found = (at: number, error: number): Crossing => ({
        t: Math.max(at, from),
        error,
        modes: [0, 1].flatMap((k) => (k < values.length ? [combine(this.basis, vectors, k)] : [])),
      });
      // What is wrong with t is mended first, as far as the basis knows: that costs no product.
      if (step > error && step > 0.1 * tolerance * t && round < rounds) {
        if (gain < 1 && t - low <= 0.5 * tolerance * t) return found(low, t - low);
        const next = wanted > low ? wanted : (low + t) / 2;
        before = { t, gain, mix: vectors.subarray(0, values.length) };
        weigh(next);
        t = next;
        H = [];
        continue;
      }
      const image = this.images.combine(vectors);
      const weighted = new Float64Array(image.length);
      if (!measured) {
        const near = t + 1e-3 * (t - from);
        weigh(near);
        entrywise(image, w, weighted);
        slope = (1 / dot(image, weighted) - 1 / gain) / (near - t);
        measured = true;
        weigh(t);
      }
      entrywise(image, w, weighted);
      const residual = await products.pull(weighted);
      axpy(-gain, combine(this.basis, vectors), residual);
      const size = norm(residual);
      const gap = values.length > 2 ? gain - values[1] : 0;
      error = (gap > size ? size ** 2 / gap : size) / (gain * gain * slope);
      if (!(error + step > tolerance * t) || round >= rounds) return found(wanted, error + step);
      if (size <= exhausted * gain) continue;
      if (this.basis.length === most) {
        this.basis = compress(this.basis, vectors);
        this.images.replace(vectors, kept);
        H = [];
      }
      await this.expand(residual);
      this.count++;
    }
  }

  /** The crossing in a quarter of the directions, or null where there are few. */
  private async coarse(family: Family): Promise<Crossing | null> {
    const { factors, gemm } = this;
    if (factors.r <= coarseRank) return null;
    return new NoiseGain(truncate(factors, factors.r >> 2), gemm).crossing(family, coarseTolerance);
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

const compress = (basis: readonly Float64Array[], vectors: Float64Array): Float64Array[] =>
  Array.from({ length: kept }, (_, k) => combine(basis, vectors, k));

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
