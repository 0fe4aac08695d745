// What a setting of a run is held against while it trains: sharpness against the limit that the learning rate puts on it, non-uniformity
// against the bound of the batch size, and the loss. One rule for every small picture of a run. Pure.
import type { Column } from "./column";
import { limitOver, limitsOf, type RunLimits } from "./limits";
import type { RunView } from "./runView";

export const chartedSettings = ["optimizer.learningRate", "optimizer.batchSize"] as const;
export type ChartedSetting = (typeof chartedSettings)[number];

export interface SettingLine {
  readonly label: string;
  readonly column: Column;
  /** By name in the colours of a theme, or one of its own. */
  readonly color: "blue" | "purple" | "red" | "yellow" | "orange" | `#${string}`;
  readonly dashed?: boolean;
}

export interface SettingChart {
  readonly title: string;
  readonly lines: readonly SettingLine[];
  /** The limit, where it is constant. */
  readonly level?: { readonly label: string; readonly value: number; readonly color: SettingLine["color"] };
  /** The smallest value of a log scale. */
  readonly logFrom?: number;
}

/** The chart of a setting; null while nothing of it was measured. */
export function settingChart(run: RunView, setting: ChartedSetting): SettingChart | null {
  if (setting === "optimizer.batchSize")
    return against(run, "nonuniformity", {
      title: "Non-uniformity",
      limit: "bound",
      colors: ["purple", "yellow"],
    });
  const preconditioned = run.series.column("preconditionedSharpness").length > 0;
  return preconditioned
    ? against(run, "preconditionedSharpness", {
        title: "Preconditioned sharpness",
        limit: "limit",
        colors: ["blue", "red"],
      })
    : against(run, "sharpness", { title: "Sharpness", limit: "limit", colors: ["blue", "red"] });
}

/** The loss of training and test set over steps; null before the first. */
export function lossChart({ series }: RunView): SettingChart | null {
  const lines = [
    { label: "training loss", column: series.column("loss.train"), color: "blue" as const },
    { label: "test loss", column: series.column("loss.test"), color: "orange" as const, dashed: true },
  ].filter(({ column }) => column.length > 0);
  const positive = lines
    .flatMap(({ column }) => Array.from(column.values))
    .filter((x) => x > 0 && x < Infinity);
  if (positive.length === 0) return null;
  return { title: "Loss", lines, logFrom: Math.min(...positive) };
}

interface Words {
  readonly title: string;
  readonly limit: string;
  readonly colors: readonly [own: SettingLine["color"], limit: SettingLine["color"]];
}

function against(run: RunView, name: keyof RunLimits, { title, limit, colors }: Words): SettingChart | null {
  const column = run.series.column(name);
  if (column.length === 0) return null;
  const own: SettingLine = { label: title.toLowerCase(), column, color: colors[0] };
  const moving = limitOver(run, name, column);
  if (moving)
    return { title, lines: [own, { label: limit, column: moving, color: colors[1], dashed: true }] };
  const value = limitsOf(run)[name];
  return Number.isFinite(value)
    ? { title, lines: [own], level: { label: limit, value, color: colors[1] } }
    : { title, lines: [own] };
}
