// All charts of one run, or of several over one another, as one SVG. Pure.
import { fileError } from "../../protocol/errors";
import { metricCharts } from "./charts";
import type { Exporter, ExportedRun } from "./exporter";
import { palettes } from "./palettes";
import { runColor } from "./runColors";
import { smallChart } from "./smallChart";
import { escaped } from "./svg";

const columns = 2;
const cell = { width: 520, height: 220 } as const;
const gap = 28;
const titleHeight = 22;
const lineHeight = 18;

/** A page of charts, two beside each other, on white. */
export function svgPage(runs: readonly ExportedRun[]): string {
  const charts = metricCharts(
    runs,
    runs.map(({ label }) => label),
  );
  if (charts.length === 0)
    throw fileError(
      runs.map(({ info }) => info.id).join(", "),
      "has no curve to draw",
      "No metric has two readings.",
    );
  const { text } = palettes.light;
  const several = runs.length > 1;
  // Several runs share one legend above the charts: in each it would not fit.
  const names = several ? runs.map(({ label }, i) => ({ label, ...runColor(i) })) : [];
  const head = gap + lineHeight * (several ? names.length : 1) + gap / 2;
  const rows = Math.ceil(charts.length / columns);
  const across = Math.min(columns, charts.length);
  const width = gap + across * (cell.width + gap);
  const height = head + rows * (titleHeight + cell.height + gap);
  const words = (x: number, y: number, said: string, more = ""): string =>
    `<text x="${x}" y="${y}" fill="${text}" ${more}>${escaped(said)}</text>`;
  const top = several
    ? names.map(({ label, color, dashed }, i) => {
        const y = gap + lineHeight * i;
        const dash = dashed ? ' stroke-dasharray="4 3"' : "";
        return `<path d="M${gap} ${y - 4}h24" stroke="${color}" stroke-width="2"${dash}/>${words(gap + 32, y, label)}`;
      })
    : [words(gap, gap, runs[0].label, 'font-size="15" font-weight="600"')];
  const pictures = charts.map((chart, i) => {
    const x = gap + (i % columns) * (cell.width + gap);
    const y = head + Math.floor(i / columns) * (titleHeight + cell.height + gap);
    const own = smallChart(chart, { ...cell, legend: !several }, palettes.light);
    return `${words(x, y + 14, chart.title, 'font-size="13" font-weight="600"')}<g transform="translate(${x} ${y + titleHeight})">${own}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui,-apple-system,Segoe UI,sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>${[...top, ...pictures].join("")}</svg>\n`;
}

export const svgExporter: Exporter = {
  format: "svg",
  summary: "every chart as one picture; of several runs, over one another",
  fileName: (base) => `${base}.svg`,
  parts: (runs) => [{ path: "", data: [svgPage(runs)] }],
};
