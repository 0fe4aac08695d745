// The sharpness–non-uniformity diagram (Wu, Ma & E 2018): the rectangle where this run is stable, and the path it took.
import { num, tick } from "../format";
import { valueAt } from "../store/decimate";
import { limitsOf, nonuniformityFormula, sharpnessLimitFormula, type RunLimits } from "../store/limits";
import { column, type RunModel } from "../store/runModel";
import type { Theme } from "../theme";
import { formulasOf, probeEmpty, type CanvasChart } from "./chart";

const margin = { left: 46, right: 12, top: 8, bottom: 34 };

interface Point {
  readonly x: number;
  readonly y: number;
}

export const stabilityRegion: CanvasChart = {
  kind: "canvas",
  id: "stabilityRegion",
  title: "Sharpness–non-uniformity diagram",
  about:
    "Each reading is a point: sharpness to the right, non-uniformity up. Right of the shaded rectangle gradient descent is unstable; above it stability is no longer certified by the sufficient condition, though the exact limit may still allow it.",
  formulas: (run) => [
    ...formulasOf("sharpness", "nonuniformity"),
    ["right edge", sharpnessLimitFormula(run)],
    ["upper edge", nonuniformityFormula],
  ],
  empty: probeEmpty("noise", "sharpness together with non-uniformity"),
  hasData: (run) => pathOf(run).length > 0,
  draw: (context, width, height, run, theme) => {
    const path = pathOf(run);
    const limits = limitsOf(run);
    const toX = scaleOf(
      path.map(({ x }) => x),
      limits.sharpness,
      margin.left,
      width - margin.right,
    );
    const toY = scaleOf(
      path.map(({ y }) => y),
      limits.nonuniformity,
      height - margin.bottom,
      margin.top,
    );
    const frame = { right: width - margin.right, bottom: height - margin.bottom };
    drawRegion(context, limits, toX, toY, frame, theme);
    drawAxes(context, toX, toY, frame, theme);
    drawPath(
      context,
      path.map(({ x, y }) => ({ x: toX.at(x), y: toY.at(y) })),
      theme,
    );
  },
};

/** Readings of non-uniformity with the sharpness known at that step. */
export function pathOf(run: RunModel): Point[] {
  const sharpness = column(run, "sharpness");
  const { steps, values } = column(run, "nonuniformity");
  return steps
    .map((step, i) => ({ x: valueAt(sharpness, step) ?? NaN, y: values[i] }))
    .filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}

interface Scale {
  readonly max: number;
  readonly at: (value: number) => number;
}

/** From zero to a little beyond both the data and the limit, unless the limit is far out of sight. */
function scaleOf(values: readonly number[], limit: number, from: number, to: number): Scale {
  const most = Math.max(1e-12, ...values);
  const seen = Number.isFinite(limit) && limit < 8 * most ? Math.max(most, limit) : most;
  const max = 1.15 * Math.min(seen, Number.isFinite(limit) ? Math.max(6 * limit, 1e-12) : seen);
  return { max, at: (value) => from + (Math.max(0, Math.min(value, max)) / max) * (to - from) };
}

interface Frame {
  readonly right: number;
  readonly bottom: number;
}

function drawRegion(
  context: CanvasRenderingContext2D,
  limits: RunLimits,
  toX: Scale,
  toY: Scale,
  { bottom }: Frame,
  theme: Theme,
): void {
  const right = toX.at(limits.sharpness);
  const top = toY.at(limits.nonuniformity);
  context.fillStyle = theme.color("green", 0.14);
  context.fillRect(margin.left, top, right - margin.left, bottom - top);
  context.strokeStyle = theme.color("red", 0.8);
  context.lineWidth = 1;
  context.setLineDash([5, 4]);
  context.beginPath();
  if (limits.sharpness < toX.max) {
    context.moveTo(right, bottom);
    context.lineTo(right, top);
  }
  if (limits.nonuniformity < toY.max) {
    context.moveTo(margin.left, top);
    context.lineTo(right, top);
  }
  context.stroke();
  context.setLineDash([]);
}

function drawAxes(
  context: CanvasRenderingContext2D,
  toX: Scale,
  toY: Scale,
  { right, bottom }: Frame,
  theme: Theme,
): void {
  context.font = theme.font;
  context.strokeStyle = theme.color("grid");
  context.fillStyle = theme.color("muted");
  context.lineWidth = 1;
  context.strokeRect(margin.left + 0.5, margin.top + 0.5, right - margin.left, bottom - margin.top);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const x of ticksOf(toX.max)) context.fillText(tick(x), toX.at(x), bottom + 5);
  context.fillText("sharpness", (margin.left + right) / 2, bottom + 20);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const y of ticksOf(toY.max)) context.fillText(tick(y), margin.left - 6, toY.at(y));
  context.save();
  context.translate(9, (margin.top + bottom) / 2);
  context.rotate(-Math.PI / 2);
  context.textAlign = "center";
  context.fillText("non-uniformity", 0, 0);
  context.restore();
}

/** Three to six round numbers from 0 to max. */
export function ticksOf(max: number): number[] {
  const rough = max / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((size) => size >= rough) ?? rough;
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, i) => Number((i * step).toPrecision(6)));
}

function drawPath(context: CanvasRenderingContext2D, path: readonly Point[], theme: Theme): void {
  context.lineWidth = 1.5;
  for (let i = 1; i < path.length; i++) {
    // Older parts fade: the direction of time without arrows.
    context.strokeStyle = theme.color("blue", 0.4 + (0.6 * i) / path.length);
    context.beginPath();
    context.moveTo(path[i - 1].x, path[i - 1].y);
    context.lineTo(path[i].x, path[i].y);
    context.stroke();
  }
  const last = path.at(-1);
  if (!last) return;
  context.fillStyle = theme.color("blue");
  context.beginPath();
  context.arc(last.x, last.y, 4.5, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = theme.color("background");
  context.stroke();
}

/** The diagram in words, for those who cannot see it. */
export function describeRegion(run: RunModel): string {
  const last = pathOf(run).at(-1);
  const { sharpness, nonuniformity } = limitsOf(run);
  if (!last) return "No reading yet.";
  const most = (limit: number) => (Number.isFinite(limit) ? ` of at most ${num(limit)}` : ", unbounded");
  return `Now at sharpness ${num(last.x)}${most(sharpness)}; non-uniformity ${num(last.y)}${most(nonuniformity)}.`;
}
