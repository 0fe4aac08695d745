// Dense float64 matrix product as a value, so that pure code can be handed a faster one than plain loops.

/** Sizes of a product, and which of its factors are stored transposed. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Where C may be written, neither A nor B: whoever writes it elsewhere returns that. */
  readonly into?: Float64Array;
}

/** Products side by side, all of one shape: A, B and C hold theirs one after the other. */
export interface BatchShape extends Omit<ProductShape, "transposeA"> {
  readonly batch: number;
}

/**
 * C = op(A) op(B), row-major, op transposing when asked. A is [m, k] ([k, m] when `transposeA`), B is [k, n] ([n, k] when `transposeB`),
 * C is [m, n].
 */
export interface Gemm {
  (a: Float64Array, b: Float64Array, product: ProductShape): Promise<Float64Array>;
  /** The same of many small products, where it has a faster way than plain loops. */
  readonly batched?: (a: Float64Array, b: Float64Array, products: BatchShape) => Promise<Float64Array>;
}
