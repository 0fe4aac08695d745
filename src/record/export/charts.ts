// The charts of an export: one a metric that has a curve; for one run with its limit, for several one line a run. Pure.
import type { Column } from "../column";
import { limitOver, limitsOf } from "../limits";
import type { RunView } from "../runView";
import type { SettingChart, SettingLine } from "../settingChart";
import { inOrder } from "../summary";
import { runColor } from "./runColors";

/** A metric over steps. */
export interface MetricChart extends SettingChart {
  readonly name: string;
}

/** Metrics read best on a log scale: those that fall over many powers of ten. */
const onLog = /^(loss\.|gradNorm)/;
/** Units that say no more than the label. */
const unitless = new Set(["", "1", "loss", "fraction"]);
/** Drawn with its metric, or of no interest as a curve. */
const notDrawn = /(\.error|\.lower)$|^eigenvalues\.|^stability\.meanLimit$|^stability\.varianceLimit$/;

/** Every metric with at least two readings in some run, in Basin's order. @param labels  What each run is called. */
export function metricCharts(runs: readonly RunView[], labels: readonly string[]): MetricChart[] {
  const names = inOrder(runs.flatMap(({ series }) => [...series.columns.keys()]));
  return names.flatMap((name) => {
    const drawn = runs.flatMap((run, i) =>
      run.series.column(name).length > 1 ? [{ run, i, column: run.series.column(name) }] : [],
    );
    if (drawn.length === 0 || notDrawn.test(name)) return [];
    const info = drawn[0].run.series.infoOf(name);
    const title = unitless.has(info.unit) ? info.label : `${info.label} (${info.unit})`;
    const logFrom = onLog.test(name) ? smallestPositive(drawn.map(({ column }) => column)) : undefined;
    const scale = logFrom === undefined ? {} : { logFrom };
    if (runs.length === 1) return [{ name, title, ...scale, ...ofOne(runs[0], name) }];
    const lines = drawn.map(({ i, column }): SettingLine => ({ label: labels[i], column, ...runColor(i) }));
    return [{ name, title, ...scale, lines }];
  });
}

/** The curve of one run, and the limit that its settings put on it. */
function ofOne(run: RunView, name: string): Pick<SettingChart, "lines" | "level"> {
  const column = run.series.column(name);
  const own: SettingLine = { label: run.series.infoOf(name).label, column, color: "blue" };
  const limits = limitsOf(run);
  if (!Object.hasOwn(limits, name)) return { lines: [own] };
  const limited = name as keyof typeof limits;
  const moving = limitOver(run, limited, column);
  if (moving) return { lines: [own, { label: "limit", column: moving, color: "red", dashed: true }] };
  const value = limits[limited];
  return Number.isFinite(value)
    ? { lines: [own], level: { label: "limit", value, color: "red" } }
    : { lines: [own] };
}

function smallestPositive(columns: readonly Column[]): number | undefined {
  let least = Infinity;
  for (const { values } of columns) for (const value of values) if (value > 0 && value < least) least = value;
  return least < Infinity ? least : undefined;
}
