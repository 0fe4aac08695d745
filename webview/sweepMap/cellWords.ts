// What a cell of the map says: a sign and a few characters in it, a sentence for who hears it. Pure.
import {
  batchSizeKey,
  learningRateKey,
  limitKinds,
  type LimitKind,
  type SweepCell,
  type SweepMap,
} from "../../src/record/sweepMap";
import { statusWords } from "../../src/types/runStatus";
import { severitySigns, verdictWords, type Severity } from "../../src/types/verdictWords";
import { count, num } from "../format";

export const shownKinds = ["verdict", "sharpness", "gap"] as const;
export type Shown = (typeof shownKinds)[number];

export const shownWords: Readonly<Record<Shown, string>> = {
  verdict: "Verdict",
  sharpness: "Sharpness",
  gap: "Gap",
};

export const limitWords: Readonly<Record<LimitKind, string>> = {
  mean: "mean limit",
  meanSquare: "mean-square limit",
  typical: "typical limit",
};

/** A cell's colour: the verdict's, or of what it does meanwhile. */
export type Tone = Severity | "live" | "ended" | "empty";

export function toneOf({ run, verdict, status }: SweepCell): Tone {
  if (run === null) return "empty";
  if (verdict) return verdictWords(verdict).severity;
  return status === "running" || status === "queued" ? "live" : "ended";
}

const signs: Readonly<Record<Tone, string>> = { ...severitySigns, live: "…", ended: "–", empty: "+" };

/** The sign, and the words below it. */
export function wordsOf(cell: SweepCell, shown: Shown, mayRun: boolean): readonly [string, string] {
  const tone = toneOf(cell);
  if (tone === "empty") return mayRun ? [signs.empty, "run"] : ["", ""];
  const sign = cell.status === "queued" ? "○" : cell.beyond ? "!" : signs[tone];
  const value = shown === "verdict" ? null : cell[shown];
  if (value !== null) return [sign, num(value)];
  if (cell.verdict && shown === "verdict") return [sign, verdictWords(cell.verdict).cell];
  if (cell.status === "running") return [sign, count(cell.step)];
  return [sign, shown === "verdict" && cell.status ? statusWords[cell.status] : "–"];
}

const names: Readonly<Record<string, string>> = {
  [learningRateKey]: "learning rate η",
  [batchSizeKey]: "batch size B",
};
export const nameOf = (key: string): string => names[key] ?? key;

/** A JSON text as people read it. */
export function shownValue(text: string): string {
  const value: unknown = JSON.parse(text);
  return typeof value === "number" ? num(value) : typeof value === "string" ? value : text;
}

export function sentenceOf(cell: SweepCell, { x, y }: SweepMap, mayRun: boolean): string {
  const place = [
    `${nameOf(x.key)} ${shownValue(x.values[cell.x])}`,
    ...(y ? [`${nameOf(y.key)} ${shownValue(y.values[cell.y])}`] : []),
  ].join(", ");
  if (cell.run === null) return `${place}: no run yet.${mayRun ? " Runs it." : ""}`;
  const { verdict, status, step, beyond, runs, limits } = cell;
  const said = verdict ? spoken(verdict) : status ? `${statusWords[status]}, step ${count(step)}` : "";
  const parts = [
    said,
    beyond ? "beyond its limit" : "",
    cell.sharpness === null ? "" : `sharpness ${num(cell.sharpness)}`,
    cell.gap === null ? "" : `gap ${num(cell.gap)}`,
    ...limitKinds.map((kind) => {
      const limit = limits[kind];
      return limit === null ? "" : `${limitWords[kind]} ${num(limit)}`;
    }),
    runs > 1 ? `the newest of ${runs} runs` : "",
  ].filter((part) => part !== "");
  return `${place}: ${parts.join("; ")}. Opens its run.`;
}

/** What is heard holds what is seen. */
function spoken(verdict: NonNullable<SweepCell["verdict"]>): string {
  const { title, cell } = verdictWords(verdict);
  return title.toLowerCase().includes(cell) ? title : `${cell}. ${title}`;
}
