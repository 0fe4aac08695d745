// Between matrices on the kept directions and one block per example: Z ↦ AᵢZAᵢᵀ and its transpose, in halves, for both are symmetric.
import type { Gemm } from "../util/gemm";
import { jsBatched } from "../util/linalg/jsGemm";
import { axpy } from "../util/linalg/vector";
import type { Weights } from "./response";
import type { Factors } from "./secondMoment";

/** Columns of a panel: wide enough for the engine, narrow enough that little of the upper triangle is computed. */
const panelWidth = 128;

interface Panel {
  /** First column, and number of columns. */
  readonly from: number;
  readonly width: number;
  /** Place of the panel's first entry in a half. */
  readonly at: number;
  /** Columns from … r−1 of A, [nK, r − from], and from … from+width−1, [nK, width]. */
  readonly tail: Float64Array;
  readonly own: Float64Array;
}

/**
 * A *half* holds a symmetric matrix [r, r] as panels of columns, each from its diagonal block downwards. Entries below the diagonal
 * blocks stand for two; `fill` doubles a weight there, so that sums over a half with such weights are sums over the matrix.
 */
export class FactorProducts {
  /** Length of a half, and of the blocks [n, K, K]. */
  readonly half: number;
  readonly blocks: number;
  private readonly panels: Panel[] = [];
  private readonly batched: NonNullable<Gemm["batched"]>;
  /** What stands between the factors and a half, [nK, width]: arrays of many megabytes made anew keep the garbage collector busy. */
  private between = new Float64Array();

  constructor(
    private readonly factors: Factors,
    private readonly gemm: Gemm,
  ) {
    this.batched = gemm.batched ?? jsBatched;
    const { n, K, r, A } = factors;
    const columns = (from: number, to: number): Float64Array => {
      if (to - from === r) return A;
      const part = new Float64Array(n * K * (to - from));
      for (let i = 0; i < n * K; i++) part.set(A.subarray(i * r + from, i * r + to), i * (to - from));
      return part;
    };
    let at = 0;
    for (let from = 0; from < r; from += panelWidth) {
      const width = Math.min(panelWidth, r - from);
      this.panels.push({ from, width, at, tail: columns(from, r), own: columns(from, from + width) });
      at += (r - from) * width;
    }
    this.half = at;
    this.blocks = n * K * K;
  }

  /** The weights of every entry of a half, doubled below the diagonal blocks. */
  fill(weights: Weights, out: Float64Array): void {
    for (const { from, width, at } of this.panels)
      for (let a = from; a < this.factors.r; a++)
        weights({ a, from, to: from + width, times: a < from + width ? 1 : 2 }, out, at + (a - from) * width);
  }

  /** The half of a symmetric matrix [r, r]. */
  halfOf(matrix: Float64Array): Float64Array {
    const { r } = this.factors;
    const half = new Float64Array(this.half);
    for (const { from, width, at } of this.panels)
      for (let a = from; a < r; a++)
        half.set(matrix.subarray(a * r + from, a * r + from + width), at + (a - from) * width);
    return half;
  }

  /** The matrix [r, r] of a half in which nothing is doubled. */
  matrixOf(half: Float64Array): Float64Array {
    const { r } = this.factors;
    const matrix = new Float64Array(r * r);
    for (const { from, width, at } of this.panels)
      for (let a = from; a < r; a++)
        for (let b = from; b < from + width; b++)
          matrix[a * r + b] = matrix[b * r + a] = half[at + (a - from) * width + b - from];
    return matrix;
  }

  private room(width: number): Float64Array {
    const { n, K, r } = this.factors;
    if (this.between.length === 0) this.between = new Float64Array(n * K * Math.min(panelWidth, r));
    return this.between.subarray(0, n * K * width);
  }

  /** Σ AᵢᵀXᵢAᵢ of symmetric blocks Xᵢ [n, K, K], as a half. Costs nK r² flops, half of them saved by symmetry, and nK² r. One call at a time. */
  async push(X: Float64Array): Promise<Float64Array> {
    const { n, K, r } = this.factors;
    const V = new Float64Array(this.half);
    for (const { from, width, at, tail, own } of this.panels) {
      const XA = await this.batched(X, own, { batch: n, m: K, n: width, k: K, into: this.room(width) });
      const into = V.subarray(at, at + (r - from) * width);
      const part = await this.gemm(tail, XA, { m: r - from, n: width, k: n * K, transposeA: true, into });
      if (part !== into) V.set(part, at);
    }
    return V;
  }

  /** AᵢZAᵢᵀ of a half Z whose entries below the diagonal blocks are doubled, [n, K, K]. Costs as much as `push`. */
  async pull(Z: Float64Array): Promise<Float64Array> {
    const { n, K, r } = this.factors;
    const C = new Float64Array(this.blocks);
    for (const { from, width, at, tail, own } of this.panels) {
      const AZ = await this.gemm(tail, Z.subarray(at, at + (r - from) * width), {
        m: n * K,
        n: width,
        k: r - from,
        into: this.room(width),
      });
      const blocks = await this.batched(AZ, own, { batch: n, m: K, n: K, k: width, transposeB: true });
      axpy(1, blocks, C);
    }
    for (let i = 0; i < n; i++)
      for (let k = 0; k < K; k++)
        for (let m = 0; m < k; m++) {
          const [x, y] = [(i * K + k) * K + m, (i * K + m) * K + k];
          C[x] = C[y] = (C[x] + C[y]) / 2;
        }
    return C;
  }
}
