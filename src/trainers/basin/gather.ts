// The rows of a batch.
/** Copies rows of a row-major matrix: out[i] = rows[indices[i]]. */
export function gather(rows: Float32Array, width: number, indices: Uint32Array, out: Float32Array): void {
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i] * width;
    out.set(rows.subarray(from, from + width), i * width);
  }
}
