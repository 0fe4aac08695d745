// Dense float64 matrix product as a value, so that pure code can be handed a faster one than plain loops.

/**
 * C = op(A) op(B), row-major, op transposing when asked. A is [m, k] (or [k, m] when `ta`), B is [k, n] (or [n, k] when `tb`),
 * C is [m, n] and returned in a new array.
 */
export type Gemm = (
  a: Float64Array,
  b: Float64Array,
  m: number,
  n: number,
  k: number,
  ta?: boolean,
  tb?: boolean,
) => Promise<Float64Array>;
