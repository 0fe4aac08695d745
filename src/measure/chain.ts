// Measures what the chain from stability to generalization needs, see stability/chain.ts.
import { losses } from "../losses";
import { chainOf, type ChainInput, type ChainLink } from "../stability/chain";
import { samplingFactor } from "../stability/thresholds";
import { Rng } from "../util/rng";
import { Breather } from "../util/breather";
import type { Smoothness } from "./inputSmoothness";
import { isInterpolated } from "./minimum";
import type { Inputs, Point } from "./point";
import type { Task } from "./probe";

/** Radius of the changes of inputs, as a share of their root mean square length. */
const nearShare = 0.02;
/** Multiplications the search for nearest training points may cost. */
const searchLimit = 4e9;

/** (1/n) Σ ‖Hᵢ‖_F² and (1/n) Σ tr Hᵢ of the Gauss–Newton parts, from the kernel blocks. */
async function factorNorms({
  factors,
  examples: n,
  outputs: K,
}: Point): Promise<{ squares: number; trace: number }> {
  const blocks = await factors!.kernelBlocks();
  let [squares, trace] = [0, 0];
  for (let i = 0; i < n; i++)
    for (let k = 0; k < K; k++) {
      trace += blocks[(i * K + k) * K + k] / n;
      for (let m = 0; m < K; m++) squares += blocks[(i * K + k) * K + m] ** 2 / n;
    }
  return { squares, trace };
}

/** Why the outputs at the test points are not estimated from the training points, or null where they are. */
function whyNoEstimate({ inputs, examples: n }: Point): string | null {
  if (!inputs?.test) return "there is no test data";
  const { train, test } = inputs;
  return (test.length / (train.length / n)) * train.length > searchLimit
    ? "finding the nearest training points would take too long"
    : null;
}

/** Both sides of every link at the point. Costs the kernel blocks and one search. */
export async function measureChain(
  { point, known, budget, initialLoss }: Task,
  smoothness: Smoothness,
): Promise<ChainLink[]> {
  const { outputs: K, examples: n, batchSize, descent, loss } = point;
  if (point.factors === undefined || point.interpolationResidual === undefined || budget.over()) return [];
  const { input, perExample, bound, noBound } = smoothness;
  const { squares, trace } = await factorNorms(point);
  const noEstimate = whyNoEstimate(point);
  const { loss: here } = await point.evaluate();
  const testLoss = known.get("loss.test")?.value;
  const [mu, frobenius] = [known.get("noise.alignment")?.value, known.get("frobenius")?.value];
  return chainOf({
    learningRate: descent.learningRate,
    p: samplingFactor(n, batchSize),
    outputs: K,
    squareLoss: losses[loss].squareScale ? { scale: losses[loss].squareScale(K) } : null,
    interpolated: isInterpolated(here, initialLoss, await point.interpolationResidual()),
    plain: !descent.momentum && descent.preconditioner === null && descent.radius === undefined,
    meanSquareNorm: squares,
    trace,
    smoothness: input,
    smoothnessBound: bound,
    noBound,
    robustness: budget.over() ? null : await robustnessOf(point, smoothness),
    estimate: noEstimate === null ? await estimateOf(point.inputs!, perExample) : null,
    noEstimate,
    testLoss: typeof testLoss === "number" ? testLoss : null,
    alignment: typeof mu === "number" && typeof frobenius === "number" ? { mu, frobenius } : null,
  });
}

/** The largest change of the outputs within a part of the inputs' length; null where their slopes are none. Costs 25 gradients. */
async function robustnessOf(
  { perExample, seed, examples: n }: Point,
  { inputs, firstLayer, input }: Smoothness,
): Promise<ChainInput["robustness"]> {
  const radius = nearShare * inputs;
  if (!(radius > 0 && input > 0)) return null;
  const rng = new Rng(seed, "robustness");
  const changes = await perExample!.largestChange(radius, () => rng.normal());
  return { radius, change: Math.sqrt(changes.reduce((sum, one) => sum + one * one, 0) / n), firstLayer };
}

/** Mean over the rows of `test` of (slope at the nearest row of `train` · distance to it)². */
async function estimateOf({ train, test }: Inputs, slopes: Float64Array): Promise<number> {
  const n = slopes.length;
  const D = train.length / n;
  const m = test!.length / D;
  const breather = new Breather();
  let total = 0;
  for (let i = 0; i < m; i++) {
    await breather.breathe();
    let best = Infinity;
    let nearest = 0;
    for (let j = 0; j < n; j++) {
      let distance = 0;
      for (let k = 0; k < D && distance < best; k++) distance += (test![i * D + k] - train[j * D + k]) ** 2;
      if (distance < best) [best, nearest] = [distance, j];
    }
    total += (slopes[nearest] ** 2 * best) / m;
  }
  return total;
}
