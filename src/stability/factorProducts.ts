// Between matrices on the kept directions and one block per example: Z ↦ AᵢZAᵢᵀ and its transpose, in halves, for both are symmetric.
import type { Gemm } from "../util/gemm";
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

  constructor(
    private readonly factors: Factors,
    private readonly gemm: Gemm,
  ) {
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

  /** Σ AᵢᵀXᵢAᵢ of symmetric blocks Xᵢ [n, K, K], as a half. Costs nK r² flops, half of them saved by symmetry, and nK² r. */
  async push(X: Float64Array): Promise<Float64Array> {
    const { n, K, r } = this.factors;
    const V = new Float64Array(this.half);
    for (const { from, width, at, tail, own } of this.panels) {
      const XA = new Float64Array(n * K * width);
      for (let i = 0; i < n * K; i++)
        for (let m = 0; m < K; m += 4)
          addRows(X, i * K, m, K, own, (i - (i % K)) * width, width, XA, i * width);
      V.set(await this.gemm(tail, XA, { m: r - from, n: width, k: n * K, transposeA: true }), at);
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
      });
      for (let i = 0; i < n * K; i++)
        for (let m = 0; m < K; m += 4)
          addDots(AZ, i * width, own, (i - (i % K)) * width, m, K, width, C, i * K);
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

// The K×K part takes four rows at once: so many fit in registers, and each entry loaded is used for all of them. Where fewer are
// left, the last stands in for those missing.

/** sum[at + b] += Σ x[from + m] y[rows + m·width + b] over up to four m. */
// eslint-disable-next-line max-params -- innermost kernel: with records 21 % slower at K = 4, width 32.
function addRows(
  x: Float64Array,
  from: number,
  m: number,
  K: number,
  y: Float64Array,
  rows: number,
  width: number,
  sum: Float64Array,
  at: number,
): void {
  const last = K - 1 - m;
  const x0 = x[from + m];
  const x1 = last >= 1 ? x[from + m + 1] : 0;
  const x2 = last >= 2 ? x[from + m + 2] : 0;
  const x3 = last >= 3 ? x[from + m + 3] : 0;
  const y0 = rows + m * width;
  const y1 = y0 + Math.min(1, last) * width;
  const y2 = y0 + Math.min(2, last) * width;
  const y3 = y0 + Math.min(3, last) * width;
  for (let b = 0; b < width; b++)
    sum[at + b] += x0 * y[y0 + b] + x1 * y[y1 + b] + x2 * y[y2 + b] + x3 * y[y3 + b];
}

/** sum[at + m] += ⟨x[from …], y[rows + m·width …]⟩ for up to four m, over `width` entries. */
// eslint-disable-next-line max-params -- as above.
function addDots(
  x: Float64Array,
  from: number,
  y: Float64Array,
  rows: number,
  m: number,
  K: number,
  width: number,
  sum: Float64Array,
  at: number,
): void {
  const last = K - 1 - m;
  const y0 = rows + m * width;
  const y1 = y0 + Math.min(1, last) * width;
  const y2 = y0 + Math.min(2, last) * width;
  const y3 = y0 + Math.min(3, last) * width;
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let b = 0; b < width; b++) {
    const v = x[from + b];
    s0 += v * y[y0 + b];
    s1 += v * y[y1 + b];
    s2 += v * y[y2 + b];
    s3 += v * y[y3 + b];
  }
  sum[at + m] += s0;
  if (last >= 1) sum[at + m + 1] += s1;
  if (last >= 2) sum[at + m + 2] += s2;
  if (last >= 3) sum[at + m + 3] += s3;
}
