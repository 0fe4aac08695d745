// Where a number comes from: formula, source, data, cost and error bar, as rows to show. Pure.
import type { DataSpec } from "../../src/protocol/experiment";
import { metricInfo } from "../../src/protocol/metrics";
import type { Reading as VerdictReading } from "../../src/protocol/verdict";
import { duration, metricNum, num } from "../format";
import { numberOf, type Reading, type RunModel } from "./runModel";

export interface Provenance {
  readonly title: string;
  readonly formula: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
}

/** Of the latest reading of a metric; undefined when there is none. */
export function provenanceOf(name: string, run: RunModel): Provenance | undefined {
  const info = metricInfo(name);
  const reading = run.latest.get(name);
  if (!info || !reading) return undefined;
  const judged = judgedReading(name, reading, run);
  const list = [...run.latest].filter(([key]) => key.startsWith("eigenvalues.")).map(([, r]) => num(r.value));
  const rows: (readonly [string, string | undefined])[] = [
    ["value", `${metricNum(name, reading.value)} (${String(reading.value)})`],
    [
      "error bar",
      judged?.error === undefined ? errorBar(name, reading.value, run) : `± ${num(judged.error)}`,
    ],
    ["eigenvalues", name === "sharpness" ? list.join(", ") : undefined],
    ["unit", info.unit],
    ["step", String(reading.step)],
    ["data", dataOf(name, run)],
    ["cost", costOf(reading)],
    ["how", judged?.how],
    ["measured by", measuredBy(reading)],
    ["engine", run.header?.engine],
    ["source", info.source],
  ];
  return {
    title: info.label,
    formula: info.formula,
    rows: rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== ""),
  };
}

/** The verdict measures its own numbers once more and says how. */
function judgedReading(name: string, { probe, step }: Reading, { verdict }: RunModel) {
  if (!verdict || probe !== "verdict" || step !== verdict.step) return undefined;
  // A limit is as good as the reading it is derived from.
  const from: Readonly<Record<string, VerdictReading | null>> = {
    "stability.meanLimit": verdict.readings.sharpness,
    "stability.varianceLimit": verdict.readings.growth,
  };
  const readings: Readonly<Record<string, VerdictReading | null>> = {
    sharpness: verdict.readings.sharpness,
    gaussNewtonSharpness: verdict.readings.gaussNewtonSharpness,
    nonuniformity: verdict.readings.nonuniformity,
    "stability.growth": verdict.readings.growth,
  };
  const found = readings[name];
  return { how: (found ?? from[name])?.how, error: found ? numberOf(found.error) : undefined };
}

/** What is known of a reading's error when the verdict does not say: recorded, implied by a tolerance, or a bracket. */
function errorBar(name: string, value: number, { latest, info }: RunModel): string | undefined {
  const residual = latest.get("sharpness.error")?.value;
  const sharpness = latest.get("sharpness")?.value;
  const tolerance = info.experiment.probes.noise?.tolerance;
  switch (name) {
    case "sharpness":
      return residual === undefined ? undefined : `± ${num(residual)} (the residual ‖Hv − λv‖)`;
    case "stability.meanLimit":
      return residual === undefined || !sharpness
        ? undefined
        : `± ${num((value * residual) / sharpness)} (from the sharpness's)`;
    case "stability.limit":
      return "that of the limit it equals";
    case "stability.varianceLimit": {
      const lower = latest.get("stability.varianceLimit.lower")?.value;
      if (lower === undefined) return undefined;
      return lower === value ? "exact, all directions kept" : `between ${num(lower)} and ${num(value)}`;
    }
    case "gaussNewtonSharpness":
      return tolerance === undefined
        ? undefined
        : `± ${num(value * tolerance)} (residual within the tolerance)`;
    case "nonuniformity":
      // s = λ^½, so half the relative error of λ.
      return tolerance === undefined
        ? undefined
        : `± ${num((value * tolerance) / 2)} (residual within the tolerance)`;
    case "stability.growth":
      return "comes with the verdict";
    default:
      return /^(loss|accuracy|gap|gradNorm)/.test(name) ? "none but float32 rounding" : undefined;
  }
}

function dataOf(name: string, { header, info }: RunModel): string | undefined {
  if (!header) return undefined;
  const { data, seed } = info.experiment;
  const from = describeData(data, seed);
  const all = `all ${header.examples} training examples`;
  if (name.endsWith(".test")) return `all test examples of ${from}`;
  return name.startsWith("gap.") ? `${all} and all test examples of ${from}` : `${all} of ${from}`;
}

/** The source with what identifies it: its file, or the seed it was made from. */
function describeData(data: DataSpec, seed: number): string {
  switch (data.source) {
    case "idx":
      return data.train.images;
    case "npz":
      return data.file;
    case "csv":
      return data.train.file;
    default:
      return `${data.source} (made from seed ${seed})`;
  }
}

function measuredBy({ probe }: Reading): string {
  if (probe === undefined) return "training loop";
  return probe === "verdict" ? "the verdict, at the run's last point" : `probe "${probe}"`;
}

function costOf({ products, seconds }: Reading): string | undefined {
  if (products === undefined || seconds === undefined) return undefined;
  return `${products} Hessian or Gauss–Newton products, ${duration(seconds)}`;
}
