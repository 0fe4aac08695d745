// The mean-square limit, the growth and what a typical run does from the factors of some of the examples: estimates with their standard errors.
import type { Factors } from "../stability/secondMoment";
import type { Bracket } from "../types/bracket";
import { shareOf, type Budget } from "./budget";
import type { MeanSquare } from "./meanSquare";
import type { Readings, TypicalFact } from "./probe";
import { reach, typicalSamplingError, type SamplingErrors } from "./sampling";
import type { Drawn } from "./typical";

/** From a sample nothing is exact and nothing a bound: estimates with their standard errors. */
export function addSampled(
  { factors, limit, growth: { rho, error } }: MeanSquare,
  n: number,
  errors: SamplingErrors | null,
  read: Readings,
): Bracket {
  const value = limit.upper;
  const own = value * Math.hypot(errors?.limit ?? Infinity, limit.lastChange);
  const part = factors.r < factors.fullRank ? `rank ${factors.r} of ${factors.fullRank}` : "all directions";
  const method = `second-moment map of ${part}, error by the jackknife over groups of examples`;
  read.lap();
  read.add("stability.varianceLimit", value, { how: "estimate", method, error: own, sampling: 0 });
  read.add("stability.growth", rho, {
    how: "estimate",
    method,
    error: Math.hypot(error, errors?.growth ?? Infinity),
    sampling: 0,
  });
  const [lower, upper] = [Math.max(0, value - reach * own), value + reach * own];
  return {
    ...limit,
    exact: false,
    // Nobody knows the error: the verdict rests on the value and says that nothing is firm.
    lower: Number.isFinite(own) ? lower : 0,
    upper: Number.isFinite(own) ? upper : value,
    lastChange: Number.isFinite(own) ? (upper - lower) / upper : 1,
    sampled: { held: factors.n, of: n, value, error: own },
  };
}

/** What a typical run does, its errors widened by those of sampling. Costs two looks at it with half of the examples. */
export async function widenTypical(
  typical: TypicalFact,
  factors: Factors,
  {
    point,
    errors,
    budget,
  }: { readonly point: Drawn; readonly errors: SamplingErrors | null; readonly budget: Budget },
): Promise<TypicalFact> {
  const relative = await typicalSamplingError(factors, point, shareOf(budget, 0.5).over);
  const { value, error } = typical.limit;
  return {
    ...typical,
    limit: { value, error: Math.hypot(error, relative * value) },
    growth: { ...typical.growth, error: Math.hypot(typical.growth.error, errors?.growth ?? Infinity) },
  };
}
