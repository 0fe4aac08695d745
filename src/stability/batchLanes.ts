// The Hessian of one mini-batch times four vectors at once, in the span of the factors: what a product of random matrices is made of.
import type { Factors } from "./secondMoment";

/** Vectors side by side: so many, of two rows of factors, fit in a processor's registers. */
export const lanes = 4;

export class BatchLanes {
  /** Where the rows of the batch begin in A; one more where their number is odd. */
  private rows = new Int32Array(0);
  /** AᵢY of the batch, [rows, lanes]. */
  private inner = new Float64Array(0);

  constructor(private readonly factors: Factors) {}

  /**
   * out = H_B Y = (1/b) Σ AᵢᵀAᵢ Y over the examples of a batch.
   *
   * @param batch   Examples, [b].
   * @param Y, out  [r, lanes], two arrays. Costs 4 b K r flops a lane.
   */
  apply(batch: Uint32Array, Y: Float64Array, out: Float64Array): void {
    const { K, r, A } = this.factors;
    const count = batch.length * K;
    const even = count + (count % 2);
    if (this.rows.length < even) {
      this.rows = new Int32Array(even);
      this.inner = new Float64Array(lanes * even);
    }
    const { rows, inner } = this;
    for (let s = 0, e = 0; e < batch.length; e++)
      for (let k = 0; k < K; k++) rows[s++] = (batch[e] * K + k) * r;
    // The last row stands in for one that is missing, and counts for nothing.
    if (even > count) rows[count] = rows[count - 1];
    for (let s = 0; s < even; s += 2) pull(A, rows, s, r, Y, inner);
    const share = 1 / batch.length;
    for (let i = 0; i < lanes * count; i++) inner[i] *= share;
    inner.fill(0, lanes * count, lanes * even);
    out.fill(0);
    for (let s = 0; s < even; s += 2) push(A, rows, s, r, inner, out);
  }
}

/** inner[s …] = A[row, ·] Y for two rows. */
// eslint-disable-next-line max-params -- innermost kernel.
function pull(
  A: Float64Array,
  rows: Int32Array,
  s: number,
  r: number,
  Y: Float64Array,
  inner: Float64Array,
): void {
  const [p, q] = [rows[s], rows[s + 1]];
  let [a0, a1, a2, a3] = [0, 0, 0, 0];
  let [b0, b1, b2, b3] = [0, 0, 0, 0];
  for (let j = 0, y = 0; j < r; j++, y += lanes) {
    const u = A[p + j];
    const v = A[q + j];
    const y0 = Y[y];
    const y1 = Y[y + 1];
    const y2 = Y[y + 2];
    const y3 = Y[y + 3];
    a0 += u * y0;
    a1 += u * y1;
    a2 += u * y2;
    a3 += u * y3;
    b0 += v * y0;
    b1 += v * y1;
    b2 += v * y2;
    b3 += v * y3;
  }
  const at = lanes * s;
  inner[at] = a0;
  inner[at + 1] = a1;
  inner[at + 2] = a2;
  inner[at + 3] = a3;
  inner[at + 4] = b0;
  inner[at + 5] = b1;
  inner[at + 6] = b2;
  inner[at + 7] = b3;
}

/** out += A[row, ·]ᵀ inner[s …] for two rows. */
// eslint-disable-next-line max-params -- as above.
function push(
  A: Float64Array,
  rows: Int32Array,
  s: number,
  r: number,
  inner: Float64Array,
  out: Float64Array,
): void {
  const [p, q] = [rows[s], rows[s + 1]];
  const at = lanes * s;
  const [a0, a1, a2, a3] = [inner[at], inner[at + 1], inner[at + 2], inner[at + 3]];
  const [b0, b1, b2, b3] = [inner[at + 4], inner[at + 5], inner[at + 6], inner[at + 7]];
  for (let j = 0, y = 0; j < r; j++, y += lanes) {
    const u = A[p + j];
    const v = A[q + j];
    out[y] += u * a0 + v * b0;
    out[y + 1] += u * a1 + v * b1;
    out[y + 2] += u * a2 + v * b2;
    out[y + 3] += u * a3 + v * b3;
  }
}
