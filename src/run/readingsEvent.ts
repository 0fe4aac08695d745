// Readings as the log has them: values, error bars beside them, and how a metric was measured wherever that has changed.
import type { Measured, RunEvent } from "../protocol/events";
import { metricInfo } from "../protocol/metrics";
import type { MetricInfo } from "../types/metricInfo";
import type { Reading } from "../types/reading";

type Metrics = Extract<RunEvent, { kind: "metrics" }>;

export class ReadingsWriter {
  /** By probe, for two may read the same metric in different ways, turn and turn about. */
  private readonly told = new Map<string | undefined, Map<string, Measured>>();
  private readonly declared: ReadonlySet<string>;
  private readonly bars = new Map<string, string | null>();

  /** @param declared  Metrics that the log's header explains. */
  constructor(declared: readonly MetricInfo[] = []) {
    this.declared = new Set(declared.map(({ name }) => name));
  }

  valuesOf(readings: readonly Reading[]): Metrics["values"] {
    const values: Record<string, number | readonly number[]> = {};
    for (const { metric, value, error } of readings) {
      values[metric] = value;
      // The first eigenvalue's own bar is the sharpness's.
      const said = typeof value !== "number" && value.length === 1 && metric === "eigenvalues";
      const name = error !== undefined && !said ? this.barOf(metric) : null;
      if (name !== null) values[name] = error!;
    }
    return values;
  }

  /** The metric that has the error bars of another; null where there is none. */
  private barOf(metric: string): string | null {
    const known = this.bars.get(metric);
    if (known !== undefined) return known;
    const name = `${metric}.error`;
    const bar = metricInfo(name) || this.declared.has(name) ? name : null;
    this.bars.set(metric, bar);
    return bar;
  }

  /** Ways that differ from the last ones written of this probe; undefined where none does. */
  private news(readings: readonly Reading[], probe: string | undefined): Metrics["how"] {
    const news: Record<string, Measured> = {};
    const told = this.told.get(probe) ?? new Map<string, Measured>();
    this.told.set(probe, told);
    for (const { metric, how, method } of readings) {
      const last = told.get(metric);
      if (last?.how === how && last.method === method) continue;
      news[metric] = { how, method };
      told.set(metric, news[metric]);
    }
    return Object.keys(news).length > 0 ? news : undefined;
  }

  /** Readings of a closing measurement, which share one event: each says in its own words how many products it took. */
  closing(readings: readonly Reading[], about: Pick<Metrics, "step" | "time" | "probe" | "cost">): Metrics {
    const named = readings.map((reading) => {
      const { products } = reading.cost;
      return products > 0
        ? { ...reading, method: `${reading.method}, ${Math.round(products)} products` }
        : reading;
    });
    return this.event(named, about);
  }

  event(
    readings: readonly Reading[],
    about: Pick<Metrics, "step" | "time" | "probe" | "cost">,
    more: Metrics["values"] = {},
  ): Metrics {
    const how = this.news(readings, about.probe);
    return {
      kind: "metrics",
      ...about,
      values: { ...this.valuesOf(readings), ...more },
      ...(how && { how }),
    };
  }
}
