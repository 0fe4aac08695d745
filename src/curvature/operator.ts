// A symmetric linear operator on flat parameter vectors: all that an eigensolver needs to know of a network.

export interface LinearOperator {
  /** Dimension P. */
  readonly size: number;
  /** out ← A v; both [P], `out` not aliasing `v`. Linear and deterministic: same examples at every call. */
  apply(v: Float32Array, out: Float32Array): Promise<void>;
}
