// The one place that talks to uPlot: draws a chart's plan in the editor's colours, zoomed together with its neighbours.
import uPlot from "uplot";
import { h, setText } from "../dom";
import { num, tick } from "../format";
import { align } from "../../src/record/align";
import { logSplits } from "../../src/util/logSplits";
import type { Theme } from "../theme";
import { coreOf, extentOf, extremes, padded, stepSplits, valueRange, within, type Range } from "./axes";
import type { Plan } from "./chart";
import {
  bandPoints,
  breakGaps,
  drawnBands,
  drawnLines,
  namedLines,
  onGrid,
  pointsOf,
  type DrawnLine,
  type StepRange,
} from "./curves";
import { listenTo } from "./gestures";
import { drawMarks } from "./marks";
import { Legend } from "./legend";
import { drawBand, drawLevels, drawPlayhead, type BandShape } from "./overlays";
import { lineStyles, type LineStyle } from "./lineStyles";
import { legendItems, wordsAt, type Drawn } from "./readout";
import type { Playhead } from "./playhead";

/** How a plan is drawn. */
export interface Look {
  readonly range: StepRange | undefined;
  readonly theme: Theme;
  /** In CSS pixels. */
  readonly size: { readonly width: number; readonly height: number };
  readonly logSteps: boolean;
  readonly smoothing: number;
  /** Labels of lines that are switched off. */
  readonly off: readonly string[];
}

export interface SurfaceOptions {
  readonly onZoom: (range: StepRange | undefined) => void;
  readonly onToggle: (label: string) => void;
  /** Says aloud what the cursor is at. */
  readonly onSay: (words: string) => void;
  readonly playhead: Playhead;
}

/** A shorter one is a click. */
const smallestDrag = 8;
/** Axes beside the plot, in CSS pixels. */
const axisWidth = 48;
const rightAxisWidth = 42;
const rightPadding = 28;

/** Made once: a number's own toLocaleString looks its locale up each time. */
const steps = new Intl.NumberFormat("en-US");

export class LineSurface {
  readonly legend: Legend;
  /** The step pointed at, over the picture's corner: it comes and goes, and moves nothing. */
  private readonly at = h("span", { class: "at-step", "aria-hidden": "true" });
  private plot: uPlot | undefined;
  private shape = "";
  private plan: Plan = { lines: [] };
  private look: Look | undefined;
  private lines: readonly DrawnLine[] = [];
  private styles: readonly LineStyle[] = [];
  private bands: readonly BandShape[] = [];
  /** First and last step there is. */
  private extent: Range = [0, 1];
  /** Values outside leave the frame. */
  private core: Range = [-Infinity, Infinity];
  /** Where the playhead stands in the picture. */
  private drawnAt: number | undefined;
  /** What the user zoomed to. */
  private values: Range | undefined;

  constructor(
    private readonly host: HTMLElement,
    private readonly options: SurfaceOptions,
  ) {
    this.legend = new Legend(options.onToggle);
    host.append(this.at);
    listenTo(host, {
      place: () => this.plot?.over.getBoundingClientRect(),
      zoomSteps: (left, right) => this.zoomSteps(left, right),
      zoomValues: (top, bottom) => this.zoomValues(top, bottom),
      reset: () => this.reset(),
      move: (readings) => this.move(readings),
      cursor: () => this.cursor(),
      leave: () => options.playhead.keep(undefined),
    });
    host.addEventListener("pointermove", ({ clientX }) => this.point(clientX));
    host.addEventListener("pointerleave", () => options.playhead.point(undefined));
    this.leaveByClick();
  }

  /** The picture as it stands. */
  get canvas(): HTMLCanvasElement | undefined {
    return this.plot?.ctx.canvas;
  }

  private zoomSteps(left: number, right: number): void {
    const { plot } = this;
    if (!plot) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(right, "x")];
    const range = within(this.extent, from, to, this.look?.logSteps === true);
    this.options.onZoom(range && { from: range[0], to: range[1] });
  }

  private zoomValues(top: number, bottom: number): void {
    const { plot } = this;
    if (!plot) return;
    const [high, low] = [plot.posToVal(top, "y"), plot.posToVal(bottom, "y")];
    if (!(high > low) || !Number.isFinite(high - low)) return;
    this.values = [low, high];
    this.redraw();
  }

  /** All steps, and all values of this chart. */
  reset(): void {
    this.values = undefined;
    this.options.onZoom(undefined);
    this.redraw();
  }

  private redraw(): void {
    if (this.look) this.draw(this.plan, this.look);
  }

  /** The step under the pointer, for the charts that uPlot's own cursor does not reach. */
  private point(clientX: number): void {
    const { plot } = this;
    if (!plot) return;
    const { left, width } = plot.over.getBoundingClientRect();
    const at = clientX - left;
    const steps = plot.data[0];
    const inside = at >= 0 && at <= width && steps.length > 0;
    this.options.playhead.point(inside ? steps[plot.valToIdx(plot.posToVal(at, "x"))] : undefined);
  }

  /** A click on the picture that is no drag leaves the playhead there. */
  private leaveByClick(): void {
    let from = NaN;
    this.host.addEventListener("pointerdown", ({ clientX }) => {
      from = clientX;
    });
    this.host.addEventListener("click", ({ clientX, target, detail }) => {
      const { over } = this.plot ?? {};
      const onPicture = over !== undefined && target instanceof Node && over.contains(target);
      if (!onPicture || detail > 1 || Math.abs(clientX - from) >= smallestDrag) return;
      this.options.playhead.keep(this.options.playhead.step);
    });
  }

  private cursor(): number | undefined {
    const { step } = this.options.playhead;
    return this.plot && step !== undefined ? this.plot.valToPos(step, "x") : undefined;
  }

  /** The playhead goes on by so many of the points drawn. */
  private move(readings: number): void {
    const { plot } = this;
    const { playhead, onSay } = this.options;
    if (!plot || plot.data[0].length === 0) return;
    const steps = plot.data[0];
    const now = playhead.kept === undefined ? steps.length - 1 : plot.valToIdx(playhead.kept);
    const from = playhead.kept === undefined && readings > 0 ? -1 : now;
    const next = Math.max(0, Math.min(steps.length - 1, from + readings));
    playhead.keep(steps[next]);
    const place = this.placeWords(steps[next]);
    onSay(`${place[0].toUpperCase()}${place.slice(1)}: ${wordsAt(this.drawn(plot), next)}`);
  }

  draw(plan: Plan, look: Look): void {
    const { range, theme, size, logSteps, smoothing, off } = look;
    if (size.width <= 0) return;
    const log = plan.log === true;
    [this.plan, this.look] = [plan, look];
    this.lines = drawnLines(plan, smoothing, off);
    this.styles = lineStyles(this.lines, theme);
    const named = namedLines(plan);
    this.extent = extentOf(named.map(({ column }) => column));
    const rightAxis = this.lines.some(({ scale }) => scale === "y2");
    // A lowest and a highest value for every pixel across: more is not seen.
    const pixels = Math.max(50, size.width - axisWidth - rightPadding - (rightAxis ? rightAxisWidth : 0));
    const points = { pixels, range, logSteps };
    const columns = this.lines.map(({ column }) => column);
    const [start, end] = this.extent;
    const { steps, rows } = plan.along
      ? onGrid(columns, range ?? { from: start, to: end }, pixels)
      : align(columns.map((column) => pointsOf(column, points)));
    for (const [i, row] of rows.entries()) breakGaps(row, log && this.lines[i].scale !== "y2");
    this.bands = drawnBands(plan, off).map(({ upper, lower, ...band }) => ({
      ...band,
      ...bandPoints(pointsOf(upper, points), pointsOf(lower, points)),
    }));
    this.core = plan.outliers ? coreOf(rows.flat()) : [-Infinity, Infinity];
    const data: uPlot.AlignedData = [steps, ...rows];
    const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 1];
    const [min, max] = [range?.from ?? first, range?.to ?? last];
    const shown = { min, max: max > min ? max : min + 1 };
    const shape = JSON.stringify([
      this.lines.map(({ label, raw, width }) => [label, raw, width]),
      plan.along,
      this.styles,
      log,
      logSteps,
      theme.font,
      ...(["foreground", "blue", "background"] as const).map((name) => theme.color(name)),
    ]);
    const { plot } = this;
    if (!plot || shape !== this.shape) {
      this.plot?.destroy();
      this.plot = new uPlot(this.uplotOptions(look, log, rightAxis), data, this.host);
      this.shape = shape;
      this.plot.setScale("x", shown);
    } else
      // In one go, so that it is drawn once.
      plot.batch(() => {
        if (plot.width !== size.width || plot.height !== size.height) plot.setSize(size);
        plot.setData(data, false);
        plot.setScale("x", shown);
      });
    this.showLegend();
  }

  /** Another step is pointed at. Only a playhead that was left is part of the picture. */
  playheadMoved(): void {
    const { kept } = this.options.playhead;
    if (kept !== this.drawnAt) this.plot?.redraw(false, false);
    this.drawnAt = kept;
    this.showLegend();
  }

  private uplotOptions({ theme, size, logSteps }: Look, log: boolean, rightAxis: boolean): uPlot.Options {
    const axis = (more: uPlot.Axis): uPlot.Axis => ({
      stroke: theme.color("muted"),
      font: theme.font,
      grid: { stroke: theme.color("grid"), width: 1 },
      ticks: { stroke: theme.color("grid"), width: 1, size: 4 },
      ...(theme.contrast && { border: { show: true, stroke: theme.color("foreground"), width: 1 } }),
      gap: 3,
      ...more,
    });
    const whole = (x: number): string => (Number.isInteger(x) ? steps.format(x) : "");
    return {
      ...size,
      padding: [8, rightPadding, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "basin" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: {
        // Exactly the steps asked for: uPlot would round them to powers of ten.
        x: { time: false, distr: logSteps ? 4 : 1, range: (_u, min, max) => [min, max] },
        y: { distr: log ? 3 : 1, range: (_u, low, high) => this.range(low, high) },
        y2: { range: (_u, low, high) => padded(low, high) },
      },
      axes: [
        axis({
          size: 26,
          // Between the middles of two labels: a million is a long word.
          space: (_u, _axis, _min, max) => 24 + 7 * whole(Math.round(max)).length,
          ...(logSteps && {
            splits: (_u, _axis, min, max) => stepSplits(min, max),
            filter: (_u, all) => all,
          }),
          values: (_u, splits) => splits.map((x) => (this.plan.along ? tick(x) : whole(x))),
        }),
        axis({
          size: axisWidth,
          ...(log && { splits: (_u, _axis, min, max) => logSplits(min, max), filter: (_u, all) => all }),
          values: (_u, splits) => splits.map((y) => (y === null ? "" : tick(y))),
        }),
        ...(rightAxis
          ? [
              axis({
                scale: "y2",
                side: 1,
                size: rightAxisWidth,
                grid: { show: false },
                values: (_u, splits) => splits.map(tick),
              }),
            ]
          : []),
      ],
      series: [{}, ...this.lines.map((line, i) => seriesOf(line, this.styles[i], theme))],
      hooks: {
        drawClear: [(u) => this.drawBehind(u, theme)],
        draw: [
          (u) => drawPlayhead(u, this.options.playhead.kept, theme),
          (u) => drawMarks(u, { lines: this.lines, styles: this.styles }, theme),
        ],
        setCursor: [() => this.showLegend()],
        setSelect: [(u) => this.selected(u)],
      },
    };
  }

  private drawBehind(u: uPlot, theme: Theme): void {
    const { scales } = u;
    if (typeof scales.y?.min === "number") for (const band of this.bands) drawBand(u, band, theme);
    drawLevels(u, this.plan.levels ?? [], theme);
  }

  private range(low: number | null, high: number | null): [number, number] {
    if (this.values) return [...this.values];
    const edges = this.bands.flatMap(({ high: above, low: below }) => [
      ...extremes(above),
      ...extremes(below),
    ]);
    const limits = (this.plan.levels ?? []).map(({ value }) => value);
    return valueRange([low, high, ...edges], { limits, log: this.plan.log === true, core: this.core });
  }

  private selected(u: uPlot): void {
    const { left, width } = u.select;
    if (width === 0) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (width >= smallestDrag) this.zoomSteps(left, left + width);
  }

  private drawn(plot: uPlot): Drawn {
    const { plan, lines, styles } = this;
    return { plan, lines, styles, rows: plot.data.slice(1) };
  }

  /** Each line's value at the step pointed at, else its latest. */
  private showLegend(): void {
    const { plot, look } = this;
    if (!plot || !look) return;
    const { step } = this.options.playhead;
    const pointed = plot.cursor.idx ?? (step === undefined ? undefined : plot.valToIdx(step));
    const index = pointed ?? plot.data[0].length - 1;
    setText(this.at, pointed === undefined ? "" : this.placeWords(plot.data[0][pointed]));
    this.legend.update(legendItems(this.drawn(plot), index, look));
  }

  private placeWords(place: number): string {
    const { along } = this.plan;
    return along ? `${along.label} ${num(place)}` : `step ${steps.format(place)}`;
  }

  /** Takes the picture away: there is nothing to draw. */
  clear(): void {
    this.plot?.destroy();
    this.plot = undefined;
    this.look = undefined;
    this.legend.update([]);
  }
}

function seriesOf(
  { label, scale = "y", width = 1.5 }: DrawnLine,
  style: LineStyle,
  theme: Theme,
): uPlot.Series {
  const color = theme.color(style.color, style.opacity);
  return {
    label,
    scale,
    stroke: color,
    width,
    dash: style.dash.length > 0 ? [...style.dash] : undefined,
    points: { show: (u, i) => readings(u.data[i]) < 3, size: 6, fill: color },
  };
}

/** A line through one or two readings needs dots to be seen. */
const readings = (row: ArrayLike<number | null | undefined>): number => {
  let n = 0;
  for (let i = 0; i < row.length && n < 3; i++) if (typeof row[i] === "number") n++;
  return n;
};
