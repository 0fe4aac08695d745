// The matrix product in plain loops: the reference, and what works with no engine at all.
import type { BatchShape, Gemm, ProductShape } from "../gemm";

/** C = op(A) op(B) in float64, row by row of C so that memory is read in order. 2mnk flops at about one per nanosecond. */
export const jsGemm: Gemm = (a, b, product) => {
  const { m, n, into } = product;
  const c = into ? into.fill(0) : new Float64Array(m * n);
  multiply(a, b, c, product);
  return Promise.resolve(c);
};

/** Many products one after the other. */
export function jsBatched(a: Float64Array, b: Float64Array, products: BatchShape): Promise<Float64Array> {
  const { batch, m, n, k, into } = products;
  const c = into ? into.fill(0) : new Float64Array(batch * m * n);
  const part = (of: Float64Array, i: number, size: number): Float64Array =>
    of.subarray(i * size, (i + 1) * size);
  for (let i = 0; i < batch; i++) multiply(part(a, i, m * k), part(b, i, k * n), part(c, i, m * n), products);
  return Promise.resolve(c);
}

/** C += op(A) op(B). */
function multiply(
  a: Float64Array,
  b: Float64Array,
  c: Float64Array,
  { m, n, k, transposeA = false, transposeB = false }: ProductShape,
): void {
  if (transposeB) {
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let s = 0;
        for (let l = 0; l < k; l++) s += (transposeA ? a[l * m + i] : a[i * k + l]) * b[j * k + l];
        c[i * n + j] = s;
      }
  } else {
    for (let i = 0; i < m; i++)
      for (let l = 0; l < k; l++) {
        const x = transposeA ? a[l * m + i] : a[i * k + l];
        if (x === 0) continue;
        const row = i * n;
        const from = l * n;
        for (let j = 0; j < n; j++) c[row + j] += x * b[from + j];
      }
  }
}
