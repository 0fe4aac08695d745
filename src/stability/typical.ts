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
  /** Wanted standard error: of e^{2ℓ}, relative to it where it is above 1, and of the limit relative to it. Default 0.01. */
  readonly precision?: number;
  /** Where the limit is thought to be, as of batches of another size: it is looked for there first. */
  readonly near?: number;
  /** Chains of steps that are followed one after the other, each with its own batches. Default 2; one costs half at the least. */
  readonly chains?: number;
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

/** Chains unless it is said how many. */
const usualChains = 2;
/** Blocks of a chain, each whole epochs, from which the error comes; and of those before, in which the displacement turns to where the steps carry it. */
const [blocks, settling] = [16, 4];
/** Steps of a first look at which learning rates grow, and what they are multiplied by from look to look. */
const [firstSteps, finer] = [96, 3];
/** As many as a look has blocks. */
const leastSteps = usualChains * (blocks + settling);
/** Steps of a look at the most, and multiplications of all of them. */
const [mostSteps, mostWork] = [2 ** 17, 1e10];
/** Total growth, in powers of e, below which a product has not grown: what is left of the beginning, or a burst at the end. */
const noise = 2;
/** Ratio of the learning rates of the first look, and of those from which the last one finds the limit. */
const coarse = 3;
/** Learning rates beside a limit that is thought to be known, as shares of it. */
const close = [0.94, 0.98, 1.02, 1.06] as const;
/** Where the looks for the limit itself are, in units of a distance from where it is thought to be; that distance at first, relatively, and its part of the wanted precision. */
const [around, wide, part] = [[-1, 1, 3], 0.03, 1.6] as const;
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
    const { batchSize: size, seed = 0, sampling, chains = usualChains, over = () => false } = this.options;
    const series = rates.map((): number[] => []);
    this.looks++;
    let [total, rounding] = [0, 0];
    for (let chain = 0; chain < chains; chain++) {
      const own = { ...this.options, size, rates, seed: seed + chains * this.looks + chain };
      const product = new MatrixProduct(this.factors, own);
      rounding = product.rounding;
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
      errors: series.map((values) => Math.hypot(standardError(values), rounding)),
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

/** The same close beside where the limit is thought to be; null where it is not there. */
async function beside(
  looker: Looker,
  near: number,
  steps: number,
): Promise<readonly [low: number, high: number] | null> {
  const rates = close.map((share) => near * share);
  const look = await looker.look(rates, steps, false);
  const first = rates.findIndex((_, lane) => grows(look, lane));
  return first > 0 ? [rates[first - 1], rates[first]] : null;
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

/** Where ℓ is 0, and whether learning rates on both sides of it were looked at. */
interface Crossing {
  readonly value: number;
  readonly enclosed: boolean;
  /** Relative errors: the standard error, and what is not known of where ℓ bends, which more steps do not lessen. */
  readonly spread: number;
  readonly bend: number;
}

/**
 * Where ℓ is 0, from a look's last three learning rates. Below the limit ℓ is hardly negative, for the flattest direction hardly shrinks,
 * and above it ℓ bends upwards: the line across the limit meets 0 before ℓ does, and the line through two learning rates above it, which
 * leads further down, behind. The limit is in their middle. Null where fewer than two grow.
 */
function crossing(look: Look): Crossing | null {
  const { rates, means, errors } = look;
  const first = [1, 2].find((lane) => grows(look, lane));
  if (first === undefined) return null;
  const meets = (lane: number) => {
    const slope = (means[lane + 1] - means[lane]) / (rates[lane + 1] - rates[lane]);
    return { slope, at: rates[lane] - means[lane] / slope };
  };
  const beyond = meets(first);
  if (!(beyond.slope > 0)) return null;
  const across = first === 2 && Number.isFinite(means[1]) ? meets(1) : null;
  if (!across) return { value: beyond.at, spread: Infinity, bend: Infinity, enclosed: false };
  const value = (beyond.at + across.at) / 2;
  const spread = errors[2] / Math.min(across.slope, beyond.slope) / value;
  return { value, spread, bend: Math.abs(beyond.at - across.at) / 2 / value, enclosed: true };
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
  const { learningRate, batchSize, precision = 0.01, chains = usualChains, work = mostWork, near } = options;
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
    const finest = Math.min(most, first * finer ** 2);
    let between = near === undefined ? null : await beside(looker, near, finest);
    let steps = between ? finest : first;
    if (!between) {
      between = await bracket(looker, mean, first);
      for (let i = 0; between && i < 2; i++)
        between = await narrowed(looker, between, (steps = Math.min(most, steps * finer)));
    }
    let center = between ? between[1] : null;
    let distance: number = wide;
    for (let i = 0; i < mostLooks; i++) {
      const rates = [learningRate, ...around.map((at) => (center ?? learningRate) * (1 + at * distance))];
      const look = await looker.look(rates, steps, true);
      const limit = center === null ? null : crossing(look);
      const growth = estimate(look, 0);
      if (center !== null && !limit?.enclosed) {
        // Every one grows, or at most the largest: the limit is further down, or up.
        if (limit) {
          const error = Math.abs(center - limit.value) + 2 * distance * center;
          best ??= { growth, limit: { value: limit.value, error } };
        }
        center = limit ? Math.max(limit.value, center * (1 - 4 * distance)) : center * (1 + 2 * distance);
        continue;
      }
      const own = growth.error / Math.max(1, growth.value);
      const { value, spread, bend } = limit ?? { ...unknown, spread: 0, bend: 0 };
      const error = Math.hypot(spread, bend);
      best = { growth, limit: { value, error: error * value } };
      const nearest = distance <= part * precision;
      if (Math.max(own, error) <= precision || (steps >= most && nearest)) break;
      if (limit) center = value;
      // What the bend will leave of the error; at most half of it is thought to go to the bend.
      const nearer = Math.min(distance, part * precision);
      const left = Math.sqrt(Math.max(0.5, 1 - ((bend * nearer) / distance / precision) ** 2));
      const wanting = Math.max(own, spread / left) / precision;
      steps = Math.min(most, steps * Math.min(16, Math.max(nearest ? 1.5 : 1, 1.2 * wanting ** 2)));
      distance = nearer;
    }
  } catch (error) {
    if (!(error instanceof Spent)) throw error;
  }
  return best;
}
