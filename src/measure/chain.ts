// Measures what the chain from stability to generalization needs, see stability/chain.ts.
import { losses } from "../losses";
import { chainOf, type ChainInput, type ChainLink } from "../stability/chain";
import { samplingFactor } from "../stability/thresholds";
import { Rng } from "../util/rng";
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import type { Smoothness } from "./inputSmoothness";
import { knownTarget } from "./knownTarget";
import { isInterpolated } from "./minimum";
import { nearestOf, noWay, type Nearest } from "./nearest";
import { forEigenvalues, type Point } from "./point";
import type { Task } from "./probe";

/** Radius of the changes of inputs, as a share of their root mean square length. */
const nearShare = 0.02;

/** (1/n) Σ ‖Hᵢ‖_F², (1/n) Σ tr Hᵢ and max λmax(Hᵢ) of the Gauss–Newton parts, from the kernel blocks. */
async function factorNorms({
  factors,
  meter,
  examples: n,
  outputs: K,
}: Point): Promise<{ squares: number; trace: number; sharpest: number }> {
  const blocks = await factors!.kernelBlocks();
  let [squares, trace, sharpest] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    await meter.check();
    const block = Float64Array.from(blocks.subarray(i * K * K, (i + 1) * K * K));
    sharpest = Math.max(sharpest, symmetricEigen(block, K).values[0]);
    for (let k = 0; k < K; k++) {
      trace += block[k * K + k] / n;
      for (let m = 0; m < K; m++) squares += block[k * K + m] ** 2 / n;
    }
  }
  return { squares, trace, sharpest };
}

/** Both sides of every link at the point. Costs the kernel blocks and one search. */
export async function measureChain(
  { point, known, budget, initialLoss }: Task,
  smoothness: Smoothness,
): Promise<ChainLink[]> {
  const { outputs: K, examples: n, batchSize, descent, loss } = point;
  if (point.factors === undefined || point.interpolationResidual === undefined) return [];
  const { input, perExample, bound, noBound } = smoothness;
  const { squares, trace, sharpest } = await factorNorms(await forEigenvalues(point));
  const noEstimate = noWay(point);
  const nearest = noEstimate === null ? await nearestOf(point.inputs!, point) : null;
  const { loss: here } = await point.evaluate();
  const testLoss = known.get("loss.test")?.value;
  const momentGrowth = known.get("stability.momentGrowth")?.value;
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
    examples: n,
    batchSize,
    sharpestExample: sharpest,
    momentGrowth: typeof momentGrowth === "number" ? momentGrowth : null,
    smoothness: input,
    smoothnessBound: bound,
    noBound,
    fourthSmoothness: smoothness.fourth,
    firstLayer: smoothness.firstLayer,
    robustness: budget.over() ? null : await robustnessOf(point, smoothness),
    estimate: nearest && estimateOf(nearest, perExample),
    noEstimate,
    testLoss: typeof testLoss === "number" ? testLoss : null,
    knownTarget: nearest && (await knownTarget(point, smoothness, { nearest, budget })),
    alignment: typeof mu === "number" && typeof frobenius === "number" ? { mu, frobenius } : null,
  });
}

/** The largest change of the outputs within a part of the inputs' length; null where their slopes are none. Costs 9 to 25 gradients. */
async function robustnessOf(
  { response, seed, examples: n }: Point,
  { inputs, input }: Smoothness,
): Promise<ChainInput["robustness"]> {
  const radius = nearShare * inputs;
  if (!(radius > 0 && input > 0)) return null;
  const rng = new Rng(seed, "robustness");
  const changes = await response!.largestChange(radius, () => rng.uniform() - 0.5);
  return { radius, change: Math.sqrt(changes.reduce((sum, one) => sum + one * one, 0) / n) };
}

/** Mean over the test points of (slope at the nearest training point · distance to it)². */
const estimateOf = (nearest: readonly Nearest[], slopes: Float64Array): number =>
  nearest.reduce((sum, { index, square }) => sum + slopes[index] ** 2 * square, 0) / nearest.length;
