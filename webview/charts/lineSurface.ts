// The one place that talks to uPlot: draws a chart's plan in the editor's colours, zoomed together with its neighbours.
import uPlot from "uplot";
import { num, tick } from "../format";
import { decimate, decimateOnto, placesOf } from "../../src/record/pyramid";
import { align } from "../../src/record/align";
import type { Theme } from "../theme";
import type { Level, Line, Plan } from "./chart";
import { drawMarks } from "./marks";
import { logSplits } from "../../src/util/logSplits";

export interface StepRange {
  readonly from: number;
  readonly to: number;
}

/** In CSS pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

export class LineSurface {
  private plot: uPlot | undefined;
  private shape = "";
  private levels: readonly Level[] = [];
  /** First and last step there is. */
  private extent: readonly [number, number] = [0, 1];
  private log = false;
  private along: Plan["along"];
  /** Values outside leave the frame. */
  private core: readonly [number, number] = [-Infinity, Infinity];

  constructor(
    private readonly host: HTMLElement,
    private readonly legend: HTMLElement,
    private readonly onZoom: (range: StepRange | undefined) => void,
  ) {
    // Not passive: what zooms or pans does not scroll the panel as well.
    host.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  /** Ctrl or ⌘ with the wheel, which a pinch sends too, zooms about the cursor; sideways, or with Shift, it pans. */
  private wheel(event: WheelEvent): void {
    const { plot } = this;
    const [min, max] = [plot?.scales.x.min, plot?.scales.x.max];
    if (!plot || min === undefined || max === undefined || min === null || max === null) return;
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    const zooms = event.ctrlKey || event.metaKey;
    if (!zooms && Math.abs(sideways) <= Math.abs(event.shiftKey ? 0 : event.deltaY)) return;
    event.preventDefault();
    const { left, width } = plot.over.getBoundingClientRect();
    const at = min + ((max - min) * (event.clientX - left)) / width;
    const factor = zooms ? Math.exp(0.002 * event.deltaY) : 1;
    const shift = zooms ? 0 : ((max - min) * sideways) / width;
    this.onZoom(this.within(at + (min - at) * factor + shift, at + (max - at) * factor + shift));
  }

  /** A range inside all steps; undefined for all of them. */
  private within(from: number, to: number): StepRange | undefined {
    const [first, last] = this.extent;
    const size = Math.max(1, to - from);
    if (size >= last - first) return undefined;
    const start = Math.min(Math.max(from, first), last - size);
    return { from: start, to: start + size };
  }

  draw(plan: Plan, range: StepRange | undefined, theme: Theme, size: Size): void {
    const { width, height } = size;
    if (width <= 0) return;
    const log = plan.log === true;
    const used = plan.lines.filter(({ column }) => column.length > 0);
    this.extent = extentOf(used);
    // A lowest and a highest value for every pixel across: more is not seen.
    const { steps, rows } = plan.along
      ? onGrid(used, range ?? { from: this.extent[0], to: this.extent[1] }, width)
      : align(used.map(({ column }) => decimate(column, Math.ceil(width), range?.from, range?.to)));
    const data = [steps, ...rows.map((row) => row.map(log ? positive : finite))] as uPlot.AlignedData;
    this.levels = plan.levels ?? [];
    this.log = log;
    this.along = plan.along;
    this.core = plan.outliers ? coreOf(rows.flat()) : [-Infinity, Infinity];
    const shape = JSON.stringify([
      used.map(({ label }) => label),
      log,
      plan.along,
      plan.look,
      theme.font,
      theme.color("foreground"),
      theme.color("blue"),
      theme.color("background"),
    ]);
    if (!this.plot || shape !== this.shape) {
      this.plot?.destroy();
      this.plot = new uPlot(this.options(plan, used, theme, size), data, this.host);
      this.shape = shape;
    } else {
      this.plot.batch(() => {
        if (this.plot?.width !== width || this.plot.height !== height) this.plot?.setSize({ width, height });
        this.plot?.setData(data, false);
      });
    }
    const [first, last] = [steps[0] ?? 0, steps.at(-1) ?? 1];
    const [min, max] = [range?.from ?? first, range?.to ?? last];
    this.plot.setScale("x", { min, max: max > min ? max : min + 1 });
  }

  private options(plan: Plan, lines: readonly Line[], theme: Theme, { width, height }: Size): uPlot.Options {
    const axis = (more: uPlot.Axis): uPlot.Axis => ({
      stroke: theme.color("muted"),
      font: theme.font,
      grid: { stroke: theme.color("grid"), width: 1 },
      ticks: { stroke: theme.color("grid"), width: 1, size: 4 },
      ...more,
    });
    const place = new Map(lines.map((line, i) => [plan.lines.indexOf(line), i + 1]));
    return {
      width,
      height,
      padding: [8, 28, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "basin" }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: {
        x: { time: false },
        y: { distr: this.log ? 3 : 1, range: (_u, low, high) => this.range(low, high) },
        y2: { range: (_u, low, high) => padded(low, high) },
      },
      axes: [
        axis({
          size: 26,
          gap: 3,
          values: (_u, splits) => splits.map((x) => this.placeText(x)),
        }),
        axis({
          ...(this.log
            ? { splits: (_u, _axis, min, max) => logSplits(min, max), filter: (_u, all) => all }
            : {}),
          size: 48,
          gap: 3,
          values: (_u, splits) => splits.map((y) => (y === null ? "" : tick(y))),
        }),
        ...(lines.some(({ scale }) => scale === "y2")
          ? [
              axis({
                scale: "y2",
                side: 1,
                size: 42,
                gap: 3,
                grid: { show: false },
                values: (_u, splits) => splits.map(tick),
              }),
            ]
          : []),
      ],
      series: [{}, ...lines.map((line) => seriesOf(line, theme))],
      bands: (plan.bands ?? []).flatMap(({ upper, lower, color, opacity }) => {
        const [a, b] = [place.get(upper), place.get(lower)];
        return a && b ? [{ series: [a, b] as [number, number], fill: theme.color(color, opacity) }] : [];
      }),
      hooks: {
        drawClear: [(u) => this.drawLevels(u, theme)],
        draw: [(u) => drawMarks(u, lines, theme)],
        setCursor: [(u) => this.showLegend(u, lines, theme)],
        setData: [(u) => this.showLegend(u, lines, theme)],
        ready: [(u) => this.showLegend(u, lines, theme)],
        setSelect: [(u) => this.zoomed(u)],
      },
    };
  }

  private placeText(x: number): string {
    if (this.along) return tick(x);
    return Number.isInteger(x) ? x.toLocaleString("en-US") : "";
  }

  /** The limit stays in sight unless the data is far below it; data far beyond it does not flatten everything else. */
  private range(low: number | null, high: number | null): [number, number] {
    const values = [low, high]
      .filter((x): x is number => x !== null && Number.isFinite(x))
      .map((x) => Math.max(this.core[0], Math.min(x, this.core[1])));
    if (values.length === 0) return this.log ? [0.1, 1] : [0, 1];
    const limits = this.levels.map(({ value }) => value);
    const top = Math.max(...values, ...limits.filter((x) => x < 5 * Math.max(...values)));
    const bottom = this.levels.length > 0 ? Math.min(0, ...values) : Math.min(...values);
    if (this.log) {
      const low = Math.min(...values);
      return [Math.min(low, ...limits.filter((x) => x > low / 5)) * 0.8, top * 1.25];
    }
    return padded(bottom, top, this.levels.length > 0);
  }

  private drawLevels(u: uPlot, theme: Theme): void {
    const { ctx, bbox } = u;
    for (const { value, color, label, shaded } of this.levels) {
      const y = u.valToPos(value, "y", true);
      if (!Number.isFinite(y) || y > bbox.top + bbox.height || y < bbox.top) continue;
      ctx.save();
      if (shaded) {
        ctx.fillStyle = theme.color(color, 0.09);
        ctx.fillRect(bbox.left, bbox.top, bbox.width, y - bbox.top);
      }
      ctx.strokeStyle = theme.color(color, 0.9);
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.font = theme.font.replace("11px", `${11 * devicePixelRatio}px`);
      ctx.fillStyle = theme.color(color);
      // At the left: curves climb to their limit, so that the right end is crowded.
      ctx.textAlign = "left";
      ctx.textBaseline = y - bbox.top > 16 * devicePixelRatio ? "bottom" : "top";
      ctx.fillText(label, bbox.left + 6 * devicePixelRatio, y + (ctx.textBaseline === "top" ? 2 : -2));
      ctx.restore();
    }
  }

  private zoomed(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 8) return;
    this.onZoom({ from: u.posToVal(left, "x"), to: u.posToVal(left + width, "x") });
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  /** The legend says each line's value under the cursor, else its latest. */
  private showLegend(u: uPlot, lines: readonly Line[], theme: Theme): void {
    const { idx } = u.cursor;
    // The line that matters most is drawn last, on top, and named first.
    const order = lines
      .map((line, i) => ({ line, i }))
      .sort((a, b) => (b.line.width ?? 0) - (a.line.width ?? 0));
    const items = order.flatMap(({ line: { label, color, hidden, opacity }, i }) => {
      if (hidden) return [];
      const row = u.data[i + 1];
      let at = idx ?? row.length - 1;
      while (at > 0 && typeof row[at] !== "number") at--;
      const item = document.createElement("span");
      const swatch = document.createElement("i");
      swatch.style.background = theme.color(color, opacity ?? 1);
      item.append(swatch, `${label} ${num(row[at] ?? NaN)}`);
      return [item];
    });
    if (typeof idx === "number") {
      const step = document.createElement("span");
      const at = u.data[0][idx];
      step.textContent = this.along ? `${this.along.label} ${num(at)}` : `step ${at}`;
      items.unshift(step);
    }
    this.legend.replaceChildren(...items);
  }

  /** Takes the picture away: there is nothing to draw. */
  clear(): void {
    this.plot?.destroy();
    this.plot = undefined;
    this.legend.replaceChildren();
  }
}

/** Of more lines than these each is drawn in fewer points: many lie on one another. */
const fewLines = 8;

/** Lines with places of their own, two values for every other pixel across, or every fourth. */
function onGrid(lines: readonly Line[], { from, to }: StepRange, width: number) {
  const grid = {
    from,
    to: to > from ? to : from + 1,
    stretches: Math.ceil(width / (lines.length > fewLines ? 4 : 2)),
  };
  return { steps: placesOf(grid), rows: lines.map(({ column }) => decimateOnto(column, grid)) };
}

function extentOf(lines: readonly Line[]): [number, number] {
  const firsts = lines.map(({ column }) => column.steps[0]);
  const lasts = lines.map(({ column }) => column.lastStep ?? 0);
  return [Math.min(...firsts), Math.max(...lasts)];
}

/** As many tell where a core lies. */
const enoughValues = 4000;

/** Where all but a twentieth of the values on either side lie, and half as much around it. */
function coreOf(values: readonly (number | undefined)[]): [number, number] {
  const every = Math.ceil(values.length / enoughValues);
  const sorted = values
    .filter((x, i): x is number => i % every === 0 && x !== undefined && Number.isFinite(x))
    .sort((a, b) => a - b);
  if (sorted.length < 20) return [-Infinity, Infinity];
  const [low, high] = [sorted[Math.floor(sorted.length * 0.05)], sorted[Math.ceil(sorted.length * 0.95) - 1]];
  return [low - (high - low) / 2, high + (high - low) / 2];
}

/** null breaks a line, undefined lets it pass: a divergence must show as an end, not as a bridge. */
const finite = (x: number | undefined) => (x === undefined || Number.isFinite(x) ? x : null);
const positive = (x: number | undefined) => (x !== undefined && x <= 0 ? null : finite(x));

function padded(low: number | null, high: number | null, keepLow = false): [number, number] {
  if (low === null || high === null) return [0, 1];
  const pad = high > low ? 0.08 * (high - low) : Math.max(Math.abs(high) * 0.1, 1e-9);
  return [keepLow && low >= 0 ? low : low - pad, high + pad];
}

function seriesOf(line: Line, theme: Theme): uPlot.Series {
  return {
    label: line.label,
    scale: line.scale ?? "y",
    stroke: line.hidden ? "transparent" : theme.color(line.color, line.opacity ?? 1),
    width: line.hidden ? 0 : (line.width ?? 1.5),
    dash: line.dash ? [...line.dash] : undefined,
    points: {
      show: (u, i) => !line.hidden && readings(u.data[i]) < 3,
      size: 6,
      fill: theme.color(line.color, line.opacity ?? 1),
    },
  };
}

/** A line through one or two readings needs dots to be seen. */
const readings = (row: ArrayLike<number | null | undefined>) => {
  let n = 0;
  for (let i = 0; i < row.length && n < 3; i++) if (typeof row[i] === "number") n++;
  return n;
};
