// Dense float64 matrix product as a value, so that pure code can be handed a faster one than plain loops.

/** Sizes of a product, and which of its factors are stored transposed. */
interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * C = op(A) op(B), row-major, op transposing when asked. A is [m, k] ([k, m] when `transposeA`), B is [k, n] ([n, k] when `transposeB`),
 * C is [m, n] and returned in a new array.
 */
export type Gemm = (a: Float64Array, b: Float64Array, product: ProductShape) => Promise<Float64Array>;
