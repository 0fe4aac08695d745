// The stability limits in force while training: the last of each kind, and the smaller of them, which binds.
import type { How, Reading } from "../types/reading";

/** Learning rates; absent until one was read. */
export interface LimitValues {
  readonly mean?: number;
  readonly variance?: number;
}

/** Relative distance of the two limits within which either may be the smaller: what binds is then as uncertain as the less certain of them. */
const near = 0.01;

/** Least certain first. */
const byCertainty: readonly How[] = ["estimate", "bound", "exact"];

export class Limits {
  /** How each was read last: the one that binds may be older than the readings that come now. */
  private readonly ways: { mean?: How; variance?: How } = {};

  constructor(private now: LimitValues = {}) {}

  get values(): LimitValues {
    return this.now;
  }

  /** Takes new limits over; where there were any, the limit that binds now as a reading of its own. */
  update(readings: readonly Reading[]): Reading | null {
    const of = (metric: string): Reading | undefined =>
      readings.find((reading) => reading.metric === metric && typeof reading.value === "number");
    const [mean, variance] = [of("stability.meanLimit"), of("stability.varianceLimit")];
    if (!mean && !variance) return null;
    this.now = {
      ...this.now,
      ...(mean && { mean: mean.value as number }),
      ...(variance && { variance: variance.value as number }),
    };
    if (mean) this.ways.mean = mean.how;
    if (variance) this.ways.variance = variance.how;
    const value = Math.min(this.now.mean ?? Infinity, this.now.variance ?? Infinity);
    const ways = (["mean", "variance"] as const)
      .filter((kind) => (this.now[kind] ?? Infinity) <= value * (1 + near))
      .map((kind) => this.ways[kind] ?? "estimate");
    return {
      metric: "stability.limit",
      value,
      how: byCertainty.find((how) => ways.includes(how)) ?? "estimate",
      method: "the smaller of the mean and the mean-square limit read last",
      cost: (variance ?? mean)!.cost,
    };
  }
}
