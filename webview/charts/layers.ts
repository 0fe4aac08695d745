// Sharpness of each layer by itself: the largest eigenvalue of its own block of the Hessian, against the limit of the whole.
import { num } from "../format";
import { entry, listOf, none, type RunModel } from "../store/runModel";
import type { ColorName } from "../theme";
import { awaited, formulasOf, readingRows, type LineChart } from "./chart";
import { limitLine } from "./limitLine";

/** As many as can be told apart. */
const colors: readonly ColorName[] = ["blue", "orange", "green", "purple", "yellow", "red"];

export const layers: LineChart = {
  kind: "line",
  id: "layers",
  group: "landscape",
  title: "Sharpness per layer",
  about:
    "The largest Hessian eigenvalue of each layer's own parameters. None exceeds the sharpness of the whole network: what is left between them comes from layers moving together.",
  measuredBy: ["layers"],
  unit: "λmax",
  log: true,
  formulas: (run) => {
    const errors = listOf(run, "sharpness.layers.error")?.value ?? [];
    return [
      ...formulasOf("sharpness.layers", "sharpness.layers.error"),
      ...sharpest(run).map(
        ({ name, i, value }) => [name, `${num(value)} ± ${num(errors[i] ?? NaN)}`] as const,
      ),
      ...readingRows(run, listOf(run, "sharpness.layers")),
    ];
  },
  empty: awaited("sharpness per layer"),
  plan: (run, { log }) => {
    const all = sharpest(run);
    const lines = all.slice(0, colors.length).map(({ name, i }, place) => ({
      label: name,
      column: entry(run, "sharpness.layers", i),
      color: colors[place],
      width: 1.6,
    }));
    const limit = limitLine(run, "sharpness", { label: "limit", color: "red" }, lines[0]?.column ?? none);
    return {
      log,
      lines: [...limit.lines, ...lines],
      levels: limit.levels,
      note: all.length > colors.length ? `The ${colors.length} sharpest of ${all.length} layers.` : undefined,
    };
  },
};

/** Layers, the sharpest at the latest reading first; ties and NaN keep the network's order. */
function sharpest(run: RunModel): { readonly name: string; readonly i: number; readonly value: number }[] {
  const names = run.series.header?.layers ?? [];
  return (listOf(run, "sharpness.layers")?.value ?? [])
    .map((value, i) => ({ name: `layer ${names[i] ?? i}`, i, value }))
    .sort((a, b) => b.value - a.value || 0);
}
