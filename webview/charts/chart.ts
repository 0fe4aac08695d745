// What a chart is: a plain record that turns a run into a plan of lines, which one shared surface draws.
import type { ProbesSpec } from "../../src/protocol/experiment";
import { metricInfo, type MetricName } from "../../src/protocol/metrics";
import { costOf } from "../store/provenance";
import type { Column } from "../../src/record/column";
import type { LatestReading } from "../../src/record/runSeries";
import type { RunModel } from "../store/runModel";
import type { TrialSettings } from "../store/trial";
import type { ColorName, LineColor, Theme } from "../theme";
import type { GroupId } from "./groups";

export interface Line {
  readonly label: string;
  readonly column: Column;
  readonly color: LineColor;
  /** Stands at its end. */
  readonly mark?: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly opacity?: number;
  /** "y2" has its own axis on the right. */
  readonly scale?: "y" | "y2";
  /** Draws no line, only carries a band's edge. */
  readonly hidden?: boolean;
  /** The label of the line whose band it edges: switched off, both go. */
  readonly of?: string;
}

/** A shaded area between two lines, by their place in `lines`. */
interface Band {
  readonly upper: number;
  readonly lower: number;
  readonly color: ColorName;
  readonly opacity: number;
}

/** A constant with a name, drawn across; what is `beyond` it is shaded. */
export interface Level {
  readonly label: string;
  readonly value: number;
  readonly color: ColorName;
  readonly shaded?: "beyond";
}

export interface Plan {
  readonly lines: readonly Line[];
  readonly bands?: readonly Band[];
  readonly levels?: readonly Level[];
  readonly log?: boolean;
  /** "clip": a few readings far out, such as a run's first, leave the frame instead of flattening the rest. */
  readonly outliers?: "clip";
  /** What lies along the axis, where it is not steps: lines of several runs, each with places of its own on it. */
  readonly along?: { readonly label: string };
  /** A remark under the title, e.g. why there is no bound. */
  readonly note?: string;
}

interface ChartOptions {
  readonly log: boolean;
}

/** How what the chart draws is computed, said by a click on its title. */
type Formulas = (run: RunModel) => readonly (readonly [name: string, formula: string])[];

export type ProbeId = keyof ProbesSpec;

interface AnyChart {
  readonly id: string;
  /** Under which heading it stands. */
  readonly group: GroupId;
  readonly title: string;
  /** One sentence for a newcomer, and for those who cannot see the picture. */
  readonly about: string;
  /** What its numbers come from. A chart whose probes the experiment does not ask for takes no room, unless there is something to draw. */
  readonly measuredBy: "loop" | "verdict" | "spike" | readonly ProbeId[];
  /** Said in place of the picture while there is nothing to draw. */
  readonly empty: (run: RunModel) => string;
  readonly formulas: Formulas;
}

/** A chart over steps. */
export interface LineChart extends AnyChart {
  readonly kind: "line";
  readonly unit: string;
  /** Starts on a log scale: what falls over many powers of ten. */
  readonly log?: boolean;
  readonly plan: (run: RunModel, options: ChartOptions) => Plan;
}

/** Where a picture is drawn, and how large it is in CSS pixels. */
interface Canvas {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** What the page points at. */
interface Marks {
  /** The step of the cursor; undefined for the latest. */
  readonly step?: number;
  /** Settings that are tried out. */
  readonly trial?: TrialSettings;
}

/** A place on a picture, in CSS pixels from its upper left corner. */
interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A picture of its own on a canvas. */
export interface CanvasChart extends AnyChart {
  readonly kind: "canvas";
  readonly hasData: (run: RunModel) => boolean;
  /** What it shows in words: its legend, and for those who cannot see it. */
  readonly describe: (run: RunModel) => string;
  readonly draw: (canvas: Canvas, run: RunModel, theme: Theme, marks?: Marks) => void;
  /** What a drag to a place tries out, where the picture is a map of settings. */
  readonly pick?: (
    size: Pick<Canvas, "width" | "height">,
    run: RunModel,
    spot: Spot,
  ) => TrialSettings | undefined;
}

export type Chart = LineChart | CanvasChart;

/** The formulas of metrics, each with its source. */
export const formulasOf = (...names: readonly MetricName[]) =>
  names.map((name) => {
    const info = metricInfo(name);
    return [info?.label ?? name, [info?.about, info?.source].filter(Boolean).join(" · ")] as const;
  });

/** When, by what and at what cost something was measured, as rows beside formulas. */
export const readingRows = (run: RunModel, reading: LatestReading | undefined) =>
  reading === undefined
    ? []
    : [
        ["step", String(reading.step)] as const,
        ["data", `all ${run.series.header?.examples ?? ""} training examples`] as const,
        ["cost", costOf(reading) ?? "not recorded"] as const,
      ];

/** Why the chart of something asked for is empty: not measured yet, or never. */
export const awaited =
  (what: string) =>
  ({ status }: RunModel): string =>
    status === "running"
      ? `Waiting for the first reading of ${what}…`
      : `No ${what} was measured before the run ended.`;

/** Lines of a plan that are drawn: those with readings. */
export const shownLines = ({ lines }: Plan): Line[] =>
  lines.filter(({ column, hidden }) => !hidden && column.length > 0);

/** Whether a chart has a place in the panel for this run. The verdict's one closing reading makes no curve. */
export function isShown(chart: Chart, run: RunModel): boolean {
  const { measuredBy } = chart;
  const { probes } = run.info.experiment;
  if (measuredBy === "loop") return true;
  // Most runs have none, and then it takes no room.
  if (measuredBy === "spike") return chart.kind === "canvas" && chart.hasData(run);
  // What comes with the verdict has its place before, so that nothing moves when it comes.
  if (measuredBy === "verdict")
    return chart.kind === "canvas" && (probes.noise !== undefined || chart.hasData(run));
  if (measuredBy.some((id) => probes[id])) return true;
  if (chart.kind === "canvas") return false;
  return shownLines(chart.plan(run, { log: false })).some(({ column }) => column.length > 1);
}
