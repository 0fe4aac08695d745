// What every data source yields: examples as rows of flat float32 matrices, ready for an engine.

export interface Split {
  /** Number of examples, n. */
  readonly n: number;
  /** Inputs, [n, D] row-major, scaled. */
  readonly x: Float32Array;
  /** Targets, [n, K]: one-hot for classification, real values for regression. */
  readonly y: Float32Array;
  /** Class of each example, [n]; null for regression. */
  readonly labels: Int32Array | null;
}

export interface Dataset {
  /** Shape of one input; its product is D. */
  readonly inputShape: readonly number[];
  /** Number of outputs, K. */
  readonly outputs: number;
  readonly train: Split;
  readonly test: Split | null;
  /** The function behind the targets, without noise, in float64, [D] → [K]; absent where nobody knows it. */
  readonly target?: (x: Float64Array) => Float64Array;
  /** What was understood of the files that they do not say outright, in sentences to show. */
  readonly notes?: readonly string[];
}

/** Reads a file named as in the experiment (the caller resolves it); rejects with a UserError naming the file. */
export type ReadBytes = (path: string) => Promise<Uint8Array>;
