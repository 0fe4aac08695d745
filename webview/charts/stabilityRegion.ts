// The sharpness–non-uniformity diagram (Wu, Ma & E 2018): the rectangle where this run is stable, and the path it took.
import { num } from "../format";
import { sharpnessLimitFormula } from "../../src/protocol/describeOptimizer";
import { limitsOf, nonuniformityFormula } from "../../src/record/limits";
import { column, type RunModel } from "../store/runModel";
import type { Theme } from "../theme";
import { awaited, formulasOf, type CanvasChart } from "./chart";
import { boxOf, drawFrame, linearAxis } from "./frame";

interface Point {
  readonly step: number;
  readonly x: number;
  readonly y: number;
}

export const stabilityRegion: CanvasChart = {
  kind: "canvas",
  id: "stabilityRegion",
  group: "stability",
  title: "Sharpness–non-uniformity diagram",
  about:
    "Each reading is a point: sharpness to the right, non-uniformity up. Right of the shaded rectangle gradient descent is unstable; above it stability is no longer certified by the sufficient condition, though the exact limit may still allow it. The ring is the reading at the cursor's step.",
  measuredBy: ["noise"],
  formulas: (run) => [
    ...formulasOf("sharpness", "nonuniformity"),
    ["right edge", sharpnessLimitFormula(run.info.experiment.optimizer)],
    ["upper edge", nonuniformityFormula],
  ],
  empty: awaited("sharpness together with non-uniformity"),
  hasData: (run) => pathOf(run).length > 0,
  describe: describeRegion,
  draw: ({ context, width, height }, run, theme, marks = {}) => {
    const path = pathOf(run);
    const limits = limitsOf(run);
    const box = boxOf(width, height);
    const [maxX, maxY] = [
      most(
        path.map(({ x }) => x),
        limits.sharpness,
      ),
      most(
        path.map(({ y }) => y),
        limits.nonuniformity,
      ),
    ];
    const at = drawFrame(
      context,
      box,
      { x: linearAxis("sharpness", 0, maxX), y: linearAxis("non-uniformity", 0, maxY) },
      theme,
    );
    const [right, top] = [at.x(limits.sharpness), at.y(limits.nonuniformity)];
    context.fillStyle = theme.color("green", 0.14);
    context.fillRect(box.left, top, right - box.left, box.bottom - top);
    context.strokeStyle = theme.color("red", 0.8);
    context.lineWidth = 1;
    context.setLineDash([5, 4]);
    context.beginPath();
    if (limits.sharpness < maxX) {
      context.moveTo(right, box.bottom);
      context.lineTo(right, top);
    }
    if (limits.nonuniformity < maxY) {
      context.moveTo(box.left, top);
      context.lineTo(right, top);
    }
    context.stroke();
    context.setLineDash([]);
    const placed = path.map(({ step, x, y }) => ({ step, x: at.x(x), y: at.y(y) }));
    drawPath(context, placed, theme);
    const { step } = marks;
    const there = step === undefined ? undefined : placed.findLast((point) => point.step <= step);
    if (!there) return;
    context.strokeStyle = theme.color("foreground");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(there.x, there.y, 7, 0, 2 * Math.PI);
    context.stroke();
  },
};

/** Readings of non-uniformity with the sharpness known at that step. */
function pathOf(run: RunModel): Point[] {
  const sharpness = column(run, "sharpness");
  const { steps, values } = column(run, "nonuniformity");
  return Array.from(steps, (step, i) => ({ step, x: sharpness.at(step) ?? NaN, y: values[i] })).filter(
    ({ x, y }) => Number.isFinite(x) && Number.isFinite(y),
  );
}

/** End of an axis from zero: a little beyond both the data and the limit, unless the limit is far out of sight. */
function most(values: readonly number[], limit: number): number {
  const data = Math.max(1e-12, ...values);
  const seen = Number.isFinite(limit) && limit < 8 * data ? Math.max(data, limit) : data;
  return 1.15 * Math.min(seen, Number.isFinite(limit) ? Math.max(6 * limit, 1e-12) : seen);
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

/** The diagram in words. */
function describeRegion(run: RunModel): string {
  const last = pathOf(run).at(-1);
  const { sharpness, nonuniformity } = limitsOf(run);
  if (!last) return "No reading yet.";
  const bound = (limit: number) => (Number.isFinite(limit) ? ` of at most ${num(limit)}` : ", unbounded");
  return `Now at sharpness ${num(last.x)}${bound(sharpness)}; non-uniformity ${num(last.y)}${bound(nonuniformity)}.`;
}
