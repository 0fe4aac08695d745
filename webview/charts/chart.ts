// What a chart is: a plain record that turns a run into a plan of lines, which one shared surface draws.
import { metricInfo, type MetricName } from "../../src/protocol/metrics";
import type { RunModel, Column } from "../store/runModel";
import type { ColorName, Theme } from "../theme";

export interface Line {
  readonly label: string;
  readonly column: Column;
  readonly color: ColorName;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly opacity?: number;
  /** "y2" has its own axis on the right. */
  readonly scale?: "y" | "y2";
  /** Draws no line, only carries a band's edge. */
  readonly hidden?: boolean;
}

/** A shaded area between two lines, by their place in `lines`. */
export interface Band {
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
  /** A remark under the title, e.g. why there is no bound. */
  readonly note?: string;
}

export interface ChartOptions {
  readonly log: boolean;
}

/** How what the chart draws is computed, said by a click on its title. */
type Formulas = (run: RunModel) => readonly (readonly [name: string, formula: string])[];

/** A chart over steps. */
export interface LineChart {
  readonly kind: "line";
  readonly id: string;
  readonly title: string;
  /** One sentence for a newcomer, and for those who cannot see the picture. */
  readonly about: string;
  readonly unit: string;
  /** Said in place of the picture while there is nothing to draw. */
  readonly empty: (run: RunModel) => string;
  /** Offers a log scale, and starts with it: what falls over many powers of ten. */
  readonly log?: boolean;
  readonly formulas: Formulas;
  readonly plan: (run: RunModel, options: ChartOptions) => Plan;
}

/** A picture of its own on a canvas. */
export interface CanvasChart {
  readonly kind: "canvas";
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly formulas: Formulas;
  readonly empty: (run: RunModel) => string;
  readonly hasData: (run: RunModel) => boolean;
  readonly draw: (
    context: CanvasRenderingContext2D,
    width: number,
    height: number,
    run: RunModel,
    theme: Theme,
  ) => void;
}

export type Chart = LineChart | CanvasChart;

/** The formulas of metrics, each with its source. */
export const formulasOf = (...names: readonly MetricName[]) =>
  names.map((name) => {
    const info = metricInfo(name);
    return [info?.label ?? name, [info?.formula, info?.source].filter(Boolean).join(" · ")] as const;
  });

/** Why a probe's chart is empty: not asked for, not measured yet, or never measured. */
export const probeEmpty =
  (probe: "sharpness" | "noise" | "generalization", what: string) =>
  ({ info, status }: RunModel): string => {
    if (!info.experiment.probes[probe])
      return `This experiment does not measure ${what}. Add "${probe}" to its "probes".`;
    return status === "running"
      ? `Waiting for the first reading of ${what}…`
      : `No ${what} was measured before the run ended.`;
  };
