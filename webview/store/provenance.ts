// Where a number comes from: formula, source, data, cost and error bar, as rows to show. Pure.
import { describeData } from "../../src/protocol/dataFacts";
import { kinkWords } from "../../src/protocol/kinks";
import { metricInfo } from "../../src/protocol/metrics";
import type { JudgedReading as VerdictReading } from "../../src/types/verdict";
import { duration, metricNum, num } from "../format";
import { numberOf, type Measured, type Reading, type RunModel } from "./runModel";

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
    [
      "at kinks",
      underived.test(name) ? undefined : run.header?.kinks?.map((kink) => kinkWords[kink]).join(" "),
    ],
    ["measured by", measuredBy(reading)],
    ["engine", run.header?.engine],
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

/** The verdict measures its own numbers once more and says how. */
function judgedReading(name: string, { probe, step }: Reading, { verdict }: RunModel) {
  if (!verdict || probe !== "verdict" || step !== verdict.step) return undefined;
  // A limit is as good as the reading it is derived from.
  const from: Readonly<Record<string, VerdictReading | null>> = {
    "stability.meanLimit": verdict.readings.preconditionedSharpness ?? verdict.readings.sharpness,
    "stability.varianceLimit": verdict.readings.growth,
  };
  const readings: Readonly<Record<string, VerdictReading | null>> = {
    sharpness: verdict.readings.sharpness,
    preconditionedSharpness: verdict.readings.preconditionedSharpness,
    gaussNewtonSharpness: verdict.readings.gaussNewtonSharpness,
    nonuniformity: verdict.readings.nonuniformity,
    "stability.growth": verdict.readings.growth,
  };
  const found = readings[name];
  return { how: (found ?? from[name])?.how, error: found ? numberOf(found.error) : undefined };
}

/** What is known of a reading's error when the verdict does not say: recorded, implied by a tolerance, or a bracket. */
function errorBar(name: string, value: number, { latest, info }: RunModel): string | undefined {
  const recorded = latest.get(`${name}.error`)?.value;
  const tolerance = info.experiment.probes.noise?.tolerance;
  if (recorded !== undefined) {
    if (recorded === 0) return "exact but for float32 rounding";
    return `± ${num(recorded)} (${/sharpness$/i.test(name) && !name.startsWith("noise.") ? "the residual r = ‖Hv − λv‖, or r²/gap" : "one standard error"})`;
  }
  switch (name) {
    case "stability.meanLimit": {
      const decisive = latest.has("preconditionedSharpness") ? "preconditionedSharpness" : "sharpness";
      const [own, error] = [latest.get(decisive)?.value, latest.get(`${decisive}.error`)?.value];
      return error === undefined || !own
        ? undefined
        : `± ${num((value * error) / own)} (from the ${decisive === "sharpness" ? "sharpness" : "preconditioned sharpness"}'s)`;
    }
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
    case "sharpness.gradNorm":
    case "sharpness.rate":
    case "sharpness.fall":
    case "eigenvectors.overlap":
    case "displacement.sharp":
    case "displacement.flat":
      return "that of eigenvectors whose residual is at most 1 % of λ";
    default:
      return exact.test(name) ? "none but float32 rounding" : undefined;
  }
}

/** Sums over all examples, without estimate or iteration. */
const exact = /^(loss|accuracy|gap|gradNorm|noise\.(trace|scale)|smoothness)/;

function dataOf(name: string, { header, info }: RunModel): string | undefined {
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

function measuredBy({ probe }: Reading): string {
  if (probe === undefined) return "training loop";
  return probe === "verdict" ? "the verdict, at the run's last point" : `probe "${probe}"`;
}

/** What a reading cost: products over the whole training set, and seconds. */
export function costOf({ products, seconds }: Measured): string | undefined {
  if (products === undefined || seconds === undefined) return undefined;
  if (products === 0) return `no Hessian products, ${duration(seconds)}`;
  return `${num(products)} Hessian or Gauss–Newton products, ${duration(seconds)}`;
}
