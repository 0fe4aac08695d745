// Long vectors kept in pieces that lie side by side, so that their weighted overlaps are matrix products on memory as it is.
import type { Gemm } from "../util/gemm";
import { axpy, entrywise } from "../util/linalg/vector";

/** Entries of a piece: many enough for a product, few enough that what is weighted stays in the cache. */
const piece = 8192;

export class ImageStack {
  private rows = 0;
  /** A piece of every vector, [capacity, its length]. */
  private readonly pieces: Float64Array[] = [];

  constructor(
    private readonly length: number,
    private readonly capacity: number,
  ) {
    for (let at = 0; at < length; at += piece)
      this.pieces.push(new Float64Array(capacity * Math.min(piece, length - at)));
  }

  /** Adds a vector [length]; there is room for `capacity`. */
  add(vector: Float64Array): void {
    this.pieces.forEach((part, i) => {
      const width = part.length / this.capacity;
      part.set(vector.subarray(i * piece, i * piece + width), this.rows * width);
    });
    this.rows++;
  }

  /** Σ c_i vector i, [length]. */
  combine(c: Float64Array): Float64Array {
    const sum = new Float64Array(this.length);
    this.pieces.forEach((part, i) => {
      const width = part.length / this.capacity;
      const to = sum.subarray(i * piece, i * piece + width);
      for (let k = 0; k < this.rows; k++) axpy(c[k], part.subarray(k * width, (k + 1) * width), to);
    });
    return sum;
  }

  /** Puts `count` combinations in place of the vectors; row k of `mix` [·, rows] has the coefficients of number k. */
  replace(mix: Float64Array, count: number): void {
    const { rows } = this;
    const turned = Array.from({ length: count }, (_, k) =>
      this.combine(mix.subarray(k * rows, (k + 1) * rows)),
    );
    this.rows = 0;
    for (const vector of turned) this.add(vector);
  }

  /** Adds to H the rows that it lacks, H_ij = ⟨vector i, w ∘ vector j⟩ for j ≤ i. Costs 2 length × rows flops a row. */
  async overlaps(H: number[][], w: Float64Array, gemm: Gemm): Promise<void> {
    const { rows } = this;
    const known = H.length;
    for (let i = known; i < rows; i++) H.push(new Array<number>(i + 1).fill(0));
    const room = new Float64Array((rows - known) * Math.min(piece, this.length));
    for (const [at, part] of this.pieces.entries()) {
      const width = part.length / this.capacity;
      const weights = w.subarray(at * piece, at * piece + width);
      const weighted = room.subarray(0, (rows - known) * width);
      for (let i = known; i < rows; i++)
        entrywise(
          part.subarray(i * width, (i + 1) * width),
          weights,
          weighted.subarray((i - known) * width, (i - known + 1) * width),
        );
      const all = await gemm(weighted, part.subarray(0, rows * width), {
        m: rows - known,
        n: rows,
        k: width,
        transposeB: true,
      });
      for (let i = known; i < rows; i++) for (let j = 0; j <= i; j++) H[i][j] += all[(i - known) * rows + j];
    }
  }
}
