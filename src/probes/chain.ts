// Measures what the chain from stability to generalization needs, see stability/chain.ts.
import { chainOf, type ChainLink } from "../stability/chain";
import { samplingFactor } from "../stability/thresholds";
import type { ProbeContext } from "./probe";
import { inputSmoothness } from "./smoothness";

/** Multiplications the search for nearest training points may cost. */
const searchLimit = 4e9;

export interface ChainData {
  /** Training inputs [n, D] and test inputs [m, D], null without test data. */
  readonly train: Float32Array;
  readonly test: Float32Array | null;
  readonly testLoss: number | null;
  readonly interpolated: boolean;
}

/** Both sides of every link at the current θ. Costs K backward passes, the kernel blocks and one search. */
export async function measureChain(
  context: ProbeContext,
  { train, test, testLoss, interpolated }: ChainData,
): Promise<{ readonly links: ChainLink[]; readonly smoothness: number; readonly bound: number | null }> {
  const { curvature, n, outputs: K, batchSize, descent, experiment } = context;
  const blocks = await curvature.kernelBlocks();
  let [squares, trace] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++) {
      trace += blocks[(i * K + k) * K + k] / n;
      for (let m = 0; m < K; m++) squares += blocks[(i * K + k) * K + m] ** 2 / n;
    }
  const { input, each, bound, noBound } = await inputSmoothness(context);
  const D = train.length / n;
  const noEstimate =
    test === null
      ? "there is no test data"
      : (test.length / D) * train.length > searchLimit
        ? "finding the nearest training points would take too long"
        : null;
  const { loss } = experiment;
  const links = chainOf({
    learningRate: descent.learningRate,
    p: samplingFactor(n, batchSize),
    outputs: K,
    squareLoss: loss === "cross-entropy" ? null : { scale: loss === "mse" ? 2 / K : 1 },
    interpolated,
    plain: !descent.momentum && descent.preconditioner === null,
    meanSquareNorm: squares,
    trace,
    smoothness: input,
    smoothnessBound: bound,
    noBound,
    estimate: noEstimate === null ? estimateOf(train, test!, each, D) : null,
    noEstimate,
    testLoss,
  });
  return { links, smoothness: input, bound };
}

/** Mean over the rows of `test` of (slope at the nearest row of `train` · distance to it)². */
function estimateOf(train: Float32Array, test: Float32Array, slopes: Float64Array, D: number): number {
  const [n, m] = [train.length / D, test.length / D];
  let total = 0;
  for (let i = 0; i < m; i++) {
    let best = Infinity;
    let nearest = 0;
    for (let j = 0; j < n; j++) {
      let distance = 0;
      for (let k = 0; k < D && distance < best; k++) distance += (test[i * D + k] - train[j * D + k]) ** 2;
      if (distance < best) [best, nearest] = [distance, j];
    }
    total += (slopes[nearest] ** 2 * best) / m;
  }
  return total;
}
