// `basin compare RUN…`: settings that differ, last, best and limit of each metric, and verdicts, side by side.
import { stringify } from "../protocol/numbers";
import { metricInfo } from "../protocol/metrics";
import { comparisonOf, settingOf } from "../record/comparison";
import { spikeWords } from "../record/explanation";
import { differingSettings } from "../record/settings";
import { inOrder, summaryOf, type MetricSummary } from "../record/summary";
import type { ExportedRun } from "../record/export/exporter";
import { printable } from "../util/printable";
import { exit, type Command } from "./command";
import { runsNamed } from "./namedRuns";
import { runsOption } from "./places";
import { print } from "./show/print";
import { columnsOf, number, styleOf, table, type Style } from "./show/text";
import { paintVerdict } from "./show/verdictText";

export const compare: Command = {
  name: "compare",
  usage: "RUN… [--runs DIR] [--json]",
  summary: "runs side by side: settings that differ, last, best and limit of each metric, verdicts",
  options: [runsOption, { name: "json", text: "print settings and runs as one object" }],
  words: { least: 1, most: Infinity, what: "runs" },
  run: async (given) => {
    const runs = await runsNamed(given);
    const text = given.has("json")
      ? stringify(comparisonOf(runs))
      : asText(runs, styleOf(process.stdout), columnsOf(process.stdout));
    print(`${text}\n`);
    return exit.done;
  },
};

/** Letters stand for the runs: their ids are longer than a column. */
const letter = (i: number): string => (i < 26 ? String.fromCharCode(65 + i) : `R${i + 1}`);

function asText(runs: readonly ExportedRun[], style: Style, width: number): string {
  const legend = runs.map(({ info }, i) => `${style.bold(letter(i))}  ${printable(info.id)}`);
  const keys = differingSettings(runs.map(({ info }) => info));
  const summaries = runs.map(summaryOf);
  const names = inOrder(summaries.flatMap((one) => [...one.keys()]));
  const rows: [string, (i: number) => string][] = [
    ["step", (i) => String(runs[i].series.step)],
    ...keys.map((key): [string, (i: number) => string] => [
      printable(key),
      (i) => shown(settingOf(runs[i], key)),
    ]),
    ...names.map((name): [string, (i: number) => string] => [
      printable(metricInfo(name)?.label ?? name),
      (i) => readingText(summaries[i].get(name)),
    ]),
    [
      "verdict",
      (i) => {
        const { verdict } = runs[i];
        return verdict ? paintVerdict(verdict, verdict.verdict, style) : "–";
      },
    ],
    ...(runs.some(({ verdict }) => verdict?.explanation)
      ? [["spike", (i) => spikeWords(runs[i].verdict?.explanation)] satisfies [string, (i: number) => string]]
      : []),
  ];
  const note = style.dim("last (best) / limit, where the settings put one on it");
  return [...legend, "", ...pages(rows, runs.length, { style, width }), note].join("\n");
}

const shown = (value: unknown): string =>
  value === null ? "–" : typeof value === "number" ? number(value) : printable(String(JSON.stringify(value)));

function readingText(one: MetricSummary | undefined): string {
  if (!one) return "–";
  const best = one.best === null || one.best === one.last ? "" : ` (${number(one.best)})`;
  return `${number(one.last)}${best}${one.limit === null ? "" : ` / ${number(one.limit)}`}`;
}

/** Runs that do not fit beside each other stand in further tables below. */
function pages(
  rows: readonly (readonly [string, (i: number) => string])[],
  count: number,
  { style, width }: { readonly style: Style; readonly width: number },
): string[] {
  const first = Math.max(...rows.map(([name]) => name.length));
  // No terminal: no width to keep to.
  const together = Number.isFinite(width) ? Math.max(1, Math.floor((width - first) / columnWidth)) : count;
  return Array.from({ length: Math.ceil(count / together) }, (_, page) => {
    const indices = Array.from(
      { length: Math.min(together, count - page * together) },
      (_, i) => page * together + i,
    );
    return `${table(
      ["", ...indices.map(letter)],
      rows.map(([name, at]) => [name, ...indices.map(at)]),
      style,
    )}\n`;
  });
}

/** Characters of "0.001234 (0.001234) / 12.34" and the space beside it. */
const columnWidth = 28;
