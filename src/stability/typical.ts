// What a typical run does where the mean square is carried by rare bursts: the top Lyapunov exponent ℓ of its steps, and the η at which it is 0.
import type { Sampling } from "../util/batchSampler";
import { Breather } from "../util/breather";
import { standardError } from "./batchMeans";
import { lanes } from "./batchLanes";
import { MatrixProduct } from "./matrixProduct";
import { meanGrowth } from "./response";
import { drawnFrom, type Factors } from "./secondMoment";
import { meanLimit, samplingFactor, type Dynamics } from "./thresholds";

export interface TypicalOptions extends Dynamics {
  readonly batchSize: number;
  /** How the run draws its batches: the exponent depends on it. */
  readonly sampling: Sampling["sampling"];
  /** Whether an epoch's short last batch is left out, as Basin does and PyTorch's DataLoader does not by default. Default true. */
  readonly dropLast?: boolean;
  /** Default 0. */
  readonly seed?: number;
  /** Wanted standard error: of e^{2ℓ}, and of the limit relative to it. Default 0.01. */
  readonly precision?: number;
  /** Multiplications of one look at learning rates at the most: some seconds by default. */
  readonly work?: number;
  /** Whether to end with what there is. */
  readonly over?: () => boolean;
}

/** A number with its standard error; Infinity where it was given up before one was known. */
export interface Estimate {
  readonly value: number;
  readonly error: number;
}

export interface Typical {
  /** e^{2ℓ}: the factor of ‖δ‖² per step at the run's own learning rate, as a single run sees it. */
  readonly growth: Estimate;
  /** The smallest learning rate with ℓ > 0; Infinity where there is none. */
  readonly limit: Estimate;
}

/** Chains that are followed one after the other: each has its own batches. */
const chains = 2;
/** Blocks of a chain, each whole epochs, from which the error comes; and of those before, in which the displacement turns to where the steps carry it. */
const [blocks, settling] = [16, 4];
/** Steps of a first look at which learning rates grow, and what they are multiplied by from look to look. */
const [firstSteps, finer] = [96, 3];
/** As many as a look has blocks. */
const leastSteps = chains * (blocks + settling);
/** Steps of a look at the most, and multiplications of all of them. */
const [mostSteps, mostWork] = [2 ** 17, 1e10];
/** Total growth, in powers of e, below which a product has not grown: what is left of the beginning, or a burst at the end. */
const noise = 2;
/** Ratio of the learning rates of the first look, and of those from which the last one finds the limit. */
const coarse = 3;
const above = [1.01, 1.05, 1.12] as const;
/** A limit this near, relatively, to where a look was for it needs no other look. */
const near = 0.015;
/** Share of the way from the nearest learning rate to the limit that a bend of ℓ may shift it by. */
const unknownBend = 0.25;
/** Looks at most, each: a limit that is not found in so many is none. */
const mostLooks = 12;

/** ℓ at learning rates that saw the same batches, with standard errors, [lanes]. */
interface Look {
  readonly rates: readonly number[];
  readonly means: readonly number[];
  readonly errors: readonly number[];
  /** Up to this ℓ nothing has grown. */
  readonly floor: number;
}

/** Thrown where the time is over. */
class Spent extends Error {}

class Looker {
  private readonly breather = new Breather();
  private looks = 0;

  constructor(
    private readonly factors: Factors,
    private readonly options: TypicalOptions,
  ) {}

  /** @param steps  Of all chains together, about; whole epochs where `exact`. @throws Spent */
  async look(rates: readonly number[], steps: number, exact: boolean): Promise<Look> {
    const { batchSize: size, seed = 0, sampling, over = () => false } = this.options;
    const series = rates.map((): number[] => []);
    this.looks++;
    let total = 0;
    for (let chain = 0; chain < chains; chain++) {
      const own = { ...this.options, size, rates, seed: seed + chains * this.looks + chain };
      const product = new MatrixProduct(this.factors, own);
      const unit = exact && sampling === "epochs" ? product.epochLength : 1;
      const span = Math.max(1, Math.round(steps / (chains * (blocks + settling)) / unit)) * unit;
      total = blocks * span;
      let before: Float64Array = new Float64Array(lanes);
      for (let block = 0; block < settling + blocks; block++) {
        for (let t = 0; t < span; t++) {
          product.step();
          const pause = this.breather.breathe();
          if (pause) await pause;
          if (over()) throw new Spent();
        }
        const now = product.logLengths();
        if (block >= settling) now.forEach((log, lane) => series[lane].push((log - before[lane]) / span));
        before = now;
      }
    }
    return {
      rates,
      means: series.map((values) => values.reduce((sum, x) => sum + x, 0) / values.length),
      errors: series.map(standardError),
      floor: noise / total,
    };
  }
}

const grows = ({ means, floor }: Look, lane: number): boolean => means[lane] > floor;

/** Learning rates, `low` without growth and `high` with it; null where every one grows, or none. */
async function bracket(
  looker: Looker,
  around: number,
  steps: number,
): Promise<readonly [low: number, high: number] | null> {
  let base = around / coarse ** 2;
  for (let i = 0; i < mostLooks; i++) {
    const rates = Array.from({ length: lanes }, (_, lane) => base * coarse ** lane);
    const look = await looker.look(rates, steps, false);
    const first = rates.findIndex((_, lane) => grows(look, lane));
    if (first > 0) return [rates[first - 1], rates[first]];
    base *= coarse ** (first === 0 ? 1 - lanes : lanes - 1);
  }
  return null;
}

/** The same, with the learning rates between them looked at. */
async function narrowed(
  looker: Looker,
  [low, high]: readonly [number, number],
  steps: number,
): Promise<readonly [low: number, high: number]> {
  const rates = Array.from({ length: lanes }, (_, lane) => low * (high / low) ** ((lane + 1) / (lanes + 1)));
  const look = await looker.look(rates, steps, false);
  const first = rates.findIndex((_, lane) => grows(look, lane));
  if (first < 0) return [rates[lanes - 1], high];
  return [first === 0 ? low : rates[first - 1], rates[first]];
}

/**
 * Where the line through the smallest and the largest learning rate that grow meets 0: below the limit ℓ is not negative by much, for
 * the flattest direction hardly shrinks, so that nothing there tells where it is. Null where fewer than two grow.
 */
function crossing({ rates, means, errors, ...look }: Look): Estimate | null {
  const growing = rates
    .map((_, lane) => lane)
    .filter((lane) => lane > 0 && grows({ rates, means, errors, ...look }, lane));
  if (growing.length < 2) return null;
  const first = growing[0];
  const slopeTo = (other: number) => (means[other] - means[first]) / (rates[other] - rates[first]);
  const through = (slope: number) => rates[first] - means[first] / slope;
  const slope = slopeTo(growing[growing.length - 1]);
  if (!(slope > 0)) return null;
  // ℓ is no straight line: the line through the nearest two would lead elsewhere, by how much two alone do not tell.
  const bend =
    growing.length > 2
      ? through(slope) - through(slopeTo(growing[1]))
      : unknownBend * (rates[first] - through(slope));
  return { value: through(slope), error: Math.hypot(errors[first] / slope, bend) };
}

/** Multiplications of a step at all learning rates of a look. */
const costOf = ({ K, r }: Factors, batchSize: number): number => 2 * lanes * batchSize * K * r;

/** Multiplications of the least that tells anything: a look of so many is dearer than it is worth in a picture of many. */
export const leastWork = (factors: Factors, batchSize: number): number =>
  leastSteps * costOf(factors, batchSize);

/** Of a limit that no look found. */
const unknown: Estimate = { value: NaN, error: NaN };

const estimate = (look: Look, lane: number): Estimate => {
  const value = Math.exp(2 * look.means[lane]);
  return { value, error: value === 0 ? 0 : 2 * value * look.errors[lane] };
};

/**
 * The typical growth e^{2ℓ} at a learning rate, and the typical limit, both with the batches drawn as the run draws them. A step of a
 * chain costs 4 BKr flops at each of four learning rates; the default precision takes some ten thousand steps, and no fewer than
 * forty epochs.
 *
 * @returns  null where the time was over before there was anything to tell.
 * @source Furstenberg & Kesten 1960; Chemnitz & Engel 2024; theory.md, section 8.
 */
export async function typical(
  factors: Factors,
  options: TypicalOptions & { readonly learningRate: number },
): Promise<Typical | null> {
  const { lambda, r } = factors;
  const { learningRate, batchSize, precision = 0.01, work = mostWork } = options;
  const known = (growth: number, limit: number): Typical => ({
    growth: { value: growth, error: 0 },
    limit: { value: limit, error: 0 },
  });
  if (Number.isNaN(lambda[0])) return known(NaN, NaN);
  if (r === 0) return known(1, Infinity);
  const mean = meanLimit(lambda[0], options);
  // Every step is the same.
  if (samplingFactor(drawnFrom(factors), batchSize) === 0)
    return known(meanGrowth(lambda, { ...options, p: 0 }), mean);
  const looker = new Looker(factors, options);
  const most = Math.max(leastSteps, Math.min(mostSteps, work / costOf(factors, batchSize)));
  const first = Math.min(firstSteps * chains, most);
  let best: Typical | null = null;
  try {
    let around = await bracket(looker, mean, first);
    let steps = first;
    for (let i = 0; around && i < 2; i++)
      around = await narrowed(looker, around, (steps = Math.min(most, steps * finer)));
    let center = around ? around[1] : null;
    for (let i = 0; i < mostLooks; i++) {
      const rates = [learningRate, ...above.map((factor) => factor * (center ?? learningRate))];
      const look = await looker.look(rates, steps, true);
      const limit = center === null ? unknown : crossing(look);
      if (limit === null) {
        // Nothing grows, or only the largest: the limit is further up.
        center! *= above[1];
        continue;
      }
      best = { growth: estimate(look, 0), limit };
      const found = center === null || Math.abs(limit.value / center - 1) <= near;
      const worst = Math.max(best.growth.error, center === null ? 0 : limit.error / limit.value);
      if (found && (worst <= precision || steps >= most)) break;
      if (center !== null) center = Math.min(Math.max(limit.value, center / above[2]), center * above[2]);
      if (worst > precision)
        steps = Math.min(most, steps * Math.min(16, Math.max(2, 1.2 * (worst / precision) ** 2)));
    }
  } catch (error) {
    if (!(error instanceof Spent)) throw error;
  }
  return best;
}
