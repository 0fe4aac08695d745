// Where a number comes from: formula, source, data, cost and error bar, as rows to show. Pure.
import { describeData } from "../../src/protocol/dataFacts";
import { kinkWords } from "../../src/protocol/kinks";
import { metricInfo } from "../../src/protocol/metrics";
import type { LatestReading } from "../../src/record/runSeries";
import { duration, metricNum, num } from "../format";
import { listOf, type RunModel } from "./runModel";

export interface Provenance {
  readonly title: string;
  /** In plain words. */
  readonly about?: string;
  readonly formula?: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
}

/** Numbers that are said in another one's details, and have no place of their own. */
export const isFolded = (name: string): boolean =>
  name.endsWith(".error") || name === "stability.varianceLimit.lower";

/** Of the latest reading of a metric; undefined when there is none. Everything it says stands in the reading. */
export function provenanceOf(name: string, run: RunModel): Provenance | undefined {
  const { series } = run;
  const reading = series.latest.get(name);
  if (!reading) return undefined;
  const info = series.infoOf(name);
  const { header } = series;
  const list = name === "sharpness" ? listOf(run, "eigenvalues")?.value : undefined;
  const rows: (readonly [string, string | undefined])[] = [
    ["value", valueWords(name, reading.value)],
    ["error bar", errorWords(reading)],
    ["eigenvalues", list?.map((x) => num(x)).join(", ")],
    ["unit", info.unit],
    ["step", String(reading.step)],
    ["data", metricInfo(name) && dataOf(name, run)],
    ["cost", costOf(reading)],
    ["how", reading.method],
    [
      "at kinks",
      underived.test(name) || !metricInfo(name)
        ? undefined
        : header?.kinks?.map((kink) => kinkWords[kink]).join(" "),
    ],
    ["measured by", measuredBy(reading)],
    ["engine", header?.engine],
    ["source", info.source],
  ];
  return {
    title: info.label,
    formula: info.about,
    rows: rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== ""),
  };
}

/** What no derivative of the network enters. */
const underived = /^(loss|accuracy|gap|learningRate|displacement)/;

const valueWords = (name: string, value: LatestReading["value"]): string =>
  typeof value === "number"
    ? `${metricNum(name, value)} (${String(value)})`
    : `${value.length} numbers: ${value
        .slice(0, 8)
        .map((x) => num(x))
        .join(", ")}${value.length > 8 ? ", …" : ""}`;

function errorWords({ error, how }: LatestReading): string | undefined {
  if (error !== undefined && error !== 0) {
    const bars = typeof error === "number" ? [error] : error.slice(0, 8);
    return `${bars.map((bar) => `± ${num(bar)}`).join(", ")}${how === "bound" ? "; the value is a bound" : ""}`;
  }
  if (how === "bound") return "a bound: the truth lies on its one side";
  return how === "exact" || error === 0 ? "exact but for float32 rounding" : undefined;
}

function dataOf(name: string, { series: { header }, info }: RunModel): string | undefined {
  if (!header) return undefined;
  if (name === "learningRate") return "a setting, with its schedule";
  const { data, seed, optimizer } = info.experiment;
  const from = describeData(data, seed);
  const all = `all ${header.examples} training examples`;
  if (name === "noise.batchSharpness" && optimizer.batchSize !== "full")
    return `batches of ${optimizer.batchSize} of the ${header.examples} training examples of ${from}`;
  if (name.endsWith(".test")) return `all test examples of ${from}`;
  return name.startsWith("gap.") ? `${all} and all test examples of ${from}` : `${all} of ${from}`;
}

export function measuredBy({ probe }: LatestReading): string {
  if (probe === undefined) return "training loop";
  return probe === "verdict" ? "the verdict, at the run's last point" : `probe "${probe}"`;
}

/** What a reading cost: products over the whole training set, and seconds. */
export function costOf({ cost }: Pick<LatestReading, "cost">): string | undefined {
  if (!cost || !Number.isFinite(cost.seconds)) return undefined;
  const { products, seconds } = cost;
  if (products === 0) return `no Hessian products, ${duration(seconds)}`;
  return `${num(products)} Hessian or Gauss–Newton products, ${duration(seconds)}`;
}
