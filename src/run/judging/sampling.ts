// How far the numbers of held examples lie from those of all training examples: the jackknife over groups of them.
import { growth } from "../../stability/growth";
import { drawnFrom, ofExamples, truncate, type Factors } from "../../stability/secondMoment";
import { typical } from "../../stability/typical";
import { varianceLimit } from "../../stability/varianceLimit";
import type { Drawn } from "../../measure/typical";
import { Rng } from "../../util/rng";

/** Groups that are left out in turn, and directions kept for it: relative errors move little with the rest. */
const [groups, directions] = [8, 64];
/** Multiplications of a look at the typical limit of half the examples. */
const halfWork = 1e9;

/** Relative standard errors of sampling, and of the growth the absolute one. */
export interface SamplingErrors {
  /** Of λmax, and with it of the mean limit. */
  readonly sharpness: number;
  readonly limit: number;
  readonly growth: number;
}

const shuffled = (n: number, seed: number): number[] => [...new Rng(seed, "sampling").permutation(n)];

/** m of N drawn without replacement: what is left of the variance. */
const correction = (factors: Factors): number => Math.sqrt(Math.max(0, 1 - factors.n / drawnFrom(factors)));

/**
 * se² = (g − 1)/g Σ (θ₍ⱼ₎ − θ̄)² with each of g groups of examples left out, times 1 − m/N as m of N examples are drawn without
 * replacement; and the bias that the jackknife finds, (g − 1)(θ̄ − θ), beside it: λmax of few examples is too large on average.
 *
 * @returns  null where fewer than two examples a group are held: nothing is known of the error then.
 * @source Efron & Tibshirani, An Introduction to the Bootstrap, chapter 11; Cochran, Sampling Techniques, §2.5.
 */
export async function samplingErrors(
  factors: Factors,
  { descent, batchSize, gemm, seed }: Drawn,
): Promise<SamplingErrors | null> {
  if (factors.n < 2 * groups) return null;
  const own = truncate(factors, directions);
  const settings = { ...descent, batchSize, gemm };
  const statistics = async (part: Factors): Promise<readonly number[]> => [
    Math.log(part.lambda[0]),
    Math.log((await varianceLimit({ ...part, fullRank: part.r }, settings)).upper),
    (await growth(part, settings)).rho,
  ];
  const order = shuffled(own.n, seed);
  const whole = await statistics(own);
  const parts: (readonly number[])[] = [];
  for (let j = 0; j < groups; j++) {
    const kept = order.filter((_, at) => at % groups !== j);
    parts.push(await statistics(await ofExamples(own, kept, gemm)));
  }
  const left = correction(factors);
  const [sharpness, limit, rho] = whole.map((value, s) => {
    const values = parts.map((part) => part[s]);
    const mean = values.reduce((sum, x) => sum + x, 0) / groups;
    const square = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
    const [se, bias] = [Math.sqrt(((groups - 1) / groups) * square), (groups - 1) * (mean - value)];
    return left * Math.hypot(se, bias);
  });
  return { sharpness, limit, growth: rho };
}

/** Relative standard error of the typical limit: of two halves of the examples |a − b|/2; Infinity where time ran out. */
export async function typicalSamplingError(
  factors: Factors,
  { descent, batchSize, sampling, dropLast, seed, gemm }: Drawn,
  over: () => boolean,
): Promise<number> {
  const order = shuffled(factors.n, seed);
  const half = order.length >> 1;
  if (half < 2) return Infinity;
  const own = truncate(factors, directions);
  const logs: number[] = [];
  for (const part of [order.slice(0, half), order.slice(half)]) {
    const found = await typical(await ofExamples(own, part, gemm), {
      ...descent,
      batchSize,
      sampling,
      dropLast,
      seed,
      over,
      work: halfWork,
      precision: 0.03,
    });
    if (!found || !(found.limit.value > 0)) return Infinity;
    logs.push(Math.log(found.limit.value));
  }
  return (correction(factors) * Math.abs(logs[0] - logs[1])) / 2;
}
