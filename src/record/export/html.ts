// One self-contained page of a run or several: verdicts, charts, numbers with where they come from. It loads and runs nothing. Pure.
import { num } from "../../util/numberText";
import { betterOf, metricInfo } from "../../protocol/metrics";
import type { Verdict } from "../../types/verdict";
import { verdictSign, verdictWords } from "../../types/verdictWords";
import { differingSettings, settingsOf } from "../settings";
import { inOrder, summaryOf } from "../summary";
import { metricCharts } from "./charts";
import type { Exporter, ExportedRun } from "./exporter";
import { palettes, type Palette } from "./palettes";
import { runColor } from "./runColors";
import { smallChart } from "./smallChart";
import { escaped } from "./svg";

/** The page's own colours, light or dark as the reader's system is: charts name them, the style sheet says them. */
const byReader = Object.fromEntries(
  Object.keys(palettes.light).map((name) => [name, `var(--${name})`]),
) as unknown as Palette;
const declared = (palette: Palette): string =>
  Object.entries(palette)
    .map(([name, color]) => `--${name}:${color};`)
    .join("");

const style = `
:root{color-scheme:light dark;${declared(palettes.light)}--page:#fff;--word:#1f1f1f;--rule:#8883;--good:#2a7d2a;--bad:#c01010;--open:#8a6500}
@media (prefers-color-scheme:dark){:root{${declared(palettes.dark)}--page:#1e1e1e;--word:#d8d8d8;--good:#89d185;--bad:#f48771;--open:#e2c08d}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:24px;background:var(--page);color:var(--word);font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:36px 0 8px}h3{font-size:14px;margin:0 0 2px}
.quiet{color:var(--text)}
.verdict{border-left:4px solid var(--open);padding:4px 0 4px 14px;margin:14px 0}
.verdict.good{border-color:var(--good)}.verdict.bad{border-color:var(--bad)}
.verdict b{font-size:16px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(400px,100%),1fr));gap:20px}
.charts svg{width:100%;height:auto}
ul{padding-left:22px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600}td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.numbers th:not(:first-child){text-align:right}
.key{display:inline-block;width:24px;border-top:2px solid;margin-right:6px;vertical-align:middle}
.key.dashed{border-top-style:dashed}
/* A chart that is drawn small keeps its words large enough to read. */
@media (max-width:500px){body{padding:14px}.charts svg{font-size:14px}}
@media print{.charts figure,tr{break-inside:avoid}}
figure{margin:0}
`;

const headingOf = (verdict: Verdict): string => `${verdictSign(verdict)} ${verdictWords(verdict).title}`;

const table = (head: readonly string[], rows: readonly (readonly string[])[], kind = ""): string =>
  `<div class="wide"><table class="${kind}"><tr>${head.map((cell) => `<th>${cell}</th>`).join("")}</tr>${rows
    .map((row) => `<tr>${row.join("")}</tr>`)
    .join("")}</table></div>`;
const cell = (text: string): string => `<td>${escaped(text)}</td>`;
const numberCell = (text: string): string => `<td class="n">${escaped(text)}</td>`;

function verdictOf({ verdict }: ExportedRun): string {
  if (!verdict) return '<p class="verdict">No verdict: the run was not judged.</p>';
  const { severity } = verdictWords(verdict);
  const list = [...verdict.reasons, verdict.minimum.why].filter((one) => one !== "");
  const evidence = verdict.evidence.map((one) => `<li>${escaped(one)}</li>`).join("");
  return `<div class="verdict ${severity}"><b>${headingOf(verdict)}</b>${verdict.provisional ? " (provisional)" : ""}<br>${escaped(verdict.summary)}<ul>${list
    .map((one) => `<li>${escaped(one)}</li>`)
    .join(
      "",
    )}</ul>${evidence ? `<details><summary>What it rests on</summary><ul>${evidence}</ul></details>` : ""}</div>`;
}

/** Every reading with its error bar, how and when it was measured, at what cost, and its formula. */
function numbersOf({ series }: ExportedRun): string {
  const rows = inOrder(series.latest.keys()).flatMap((name) => {
    const reading = series.latest.get(name);
    if (!reading || typeof reading.value !== "number" || name.endsWith(".error")) return [];
    const { value, error, step, probe, cost, how, method } = reading;
    const { label, about, source } = series.infoOf(name);
    const bar = typeof error === "number" ? ` ± ${num(error)}` : "";
    const spent = cost ? `${cost.products} products, ${num(cost.seconds)} s` : "";
    const by = [method ?? probe ?? "", how ?? "", spent].filter((one) => one !== "").join("; ");
    return [
      [
        cell(label),
        numberCell(num(value) + bar),
        numberCell(String(step)),
        cell(by),
        cell([about, source].filter(Boolean).join(" · ")),
      ],
    ];
  });
  return table(["reading", "value", "step", "measured by", "what it is"], rows);
}

function settingsTable(run: ExportedRun): string {
  return table(
    ["setting", "value"],
    [...settingsOf(run.info)].map(([key, value]) => [cell(key), cell(value)]),
  );
}

function comparison(runs: readonly ExportedRun[]): string {
  const differing = differingSettings(runs.map(({ info }) => info));
  const summaries = runs.map(summaryOf);
  const names = inOrder(summaries.flatMap((one) => [...one.keys()]));
  const head = [
    "",
    ...runs.map(({ label }, i) => {
      const { color, dashed } = runColor(i);
      return `<span class="key${dashed ? " dashed" : ""}" style="border-color:${color}"></span>${escaped(label)}`;
    }),
  ];
  const rows = [
    ["verdict", ...runs.map(({ verdict }) => (verdict ? headingOf(verdict) : "–"))],
    ...differing.map((key) => [key, ...runs.map(({ info }) => settingsOf(info).get(key) ?? "–")]),
    ...names.map((name) => [
      `${metricInfo(name)?.label ?? name}${betterOf(name) ? ", last (best)" : ""}`,
      ...summaries.map((summary) => {
        const one = summary.get(name);
        if (!one) return "–";
        return num(one.last) + (one.best === null ? "" : ` (${num(one.best)})`);
      }),
    ]),
  ];
  return table(
    head,
    rows.map(([first, ...rest]) => [cell(first), ...rest.map(numberCell)]),
    "numbers",
  );
}

function chartsOf(runs: readonly ExportedRun[]): string {
  const charts = metricCharts(
    runs,
    runs.map(({ label }) => label),
  );
  const size = { width: 430, height: 200, legend: runs.length === 1 };
  const figures = charts.map((chart) => {
    const about = runs[0].series.infoOf(chart.name).about;
    return `<figure><h3 title="${escaped(about)}">${escaped(chart.title)}</h3>${smallChart(chart, size, byReader)}</figure>`;
  });
  return figures.length > 0
    ? `<div class="charts">${figures.join("")}</div>`
    : '<p class="quiet">No metric has two readings.</p>';
}

function* page(runs: readonly ExportedRun[]): Generator<string> {
  const title = runs.length === 1 ? runs[0].info.id : `${runs.length} runs`;
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>${escaped(title)} · Basin</title><style>${style}</style></head><body>
<h1>${escaped(title)}</h1>
`;
  if (runs.length > 1) {
    yield `<h2>Compared</h2>${comparison(runs)}<h2>Charts</h2>${chartsOf(runs)}`;
    for (const run of runs)
      yield `<h2>${escaped(run.label)}</h2>${verdictOf(run)}<details><summary>Readings</summary>${numbersOf(run)}</details><details><summary>Settings</summary>${settingsTable(run)}</details>`;
  } else {
    const [run] = runs;
    const { versions, machine, created, git } = run.info;
    const where = [
      `started ${created}`,
      machine.cpu,
      ...Object.entries(versions).map(([name, version]) => `${name} ${version}`),
      git ? `commit ${git.commit.slice(0, 12)}${git.dirty ? ", with changes" : ""}` : "",
    ].filter((one) => one !== "");
    yield `<p class="quiet">${escaped(where.join(" · "))}</p>${verdictOf(run)}<h2>Charts</h2>${chartsOf(runs)}<h2>Readings</h2>${numbersOf(run)}<h2>Settings</h2>${settingsTable(run)}`;
  }
  yield "</body></html>\n";
}

export const htmlExporter: Exporter = {
  format: "html",
  summary: "one page for a browser, without network: verdict, charts, numbers and where they come from",
  fileName: (base) => `${base}.html`,
  parts: (runs) => [{ path: "", data: page(runs) }],
};
