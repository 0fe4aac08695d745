// Dense float64 matrix product as a value, so that pure code can be handed a faster one than plain loops.

/** Sizes of a product, and which of its factors are stored transposed. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Products side by side, all of this shape: A, B and C hold theirs one after the other. Default 1; of more, A is not transposed. */
  readonly batch?: number;
  /** Where C is written; a new array where it is left out. It is neither A nor B. */
  readonly into?: Float64Array;
}

/**
 * C = op(A) op(B), row-major, op transposing when asked. A is [m, k] ([k, m] when `transposeA`), B is [k, n] ([n, k] when `transposeB`),
 * C is [m, n].
 */
export type Gemm = (a: Float64Array, b: Float64Array, product: ProductShape) => Promise<Float64Array>;
