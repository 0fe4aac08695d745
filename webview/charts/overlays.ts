// What lies behind and above the lines of a chart: error bands, levels with what is beyond them shaded, and the playhead.
import type { Theme } from "../theme";
import type { ColorName } from "../theme";
import type { Level } from "./chart";

/** What a drawing surface says of its place: uPlot does. Device pixels. */
export interface Plotted {
  readonly ctx: CanvasRenderingContext2D;
  readonly bbox: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  valToPos(value: number, scale: string, canvasPixels?: boolean): number;
}

export interface BandShape {
  readonly color: ColorName;
  readonly opacity: number;
  readonly steps: readonly number[];
  readonly high: readonly number[];
  readonly low: readonly number[];
}

/** Thinner than this in device pixels a band is not seen behind its line, and filling one is the dearest part of a picture. */
const thinnest = 0.75;

/** Fills between the edges; an edge that is not finite ends a piece. */
export function drawBand(u: Plotted, { steps, high, low, color, opacity }: BandShape, theme: Theme): void {
  const { ctx, bbox } = u;
  const [x, top, bottom] = [
    steps.map((step) => u.valToPos(step, "x", true)),
    high.map((value) => u.valToPos(value, "y", true)),
    low.map((value) => u.valToPos(value, "y", true)),
  ];
  if (!top.some((y, i) => Math.abs(bottom[i] - y) > thinnest)) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = theme.color(color, opacity);
  ctx.beginPath();
  for (let from = 0; from < x.length;) {
    let to = from;
    while (to < x.length && Number.isFinite(top[to]) && Number.isFinite(bottom[to])) to++;
    if (to - from > 1) {
      ctx.moveTo(x[from], top[from]);
      for (let i = from + 1; i < to; i++) ctx.lineTo(x[i], top[i]);
      for (let i = to - 1; i >= from; i--) ctx.lineTo(x[i], bottom[i]);
      ctx.closePath();
    }
    from = to + 1;
  }
  ctx.fill();
  ctx.restore();
}

export function drawLevels(u: Plotted, levels: readonly Level[], theme: Theme): void {
  const { ctx, bbox } = u;
  for (const { value, color, label, shaded } of levels) {
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

/** A line down at the step where the playhead was left. */
export function drawPlayhead(u: Plotted, step: number | undefined, theme: Theme): void {
  if (step === undefined) return;
  const { ctx, bbox } = u;
  const x = Math.round(u.valToPos(step, "x", true));
  if (!(x >= bbox.left && x <= bbox.left + bbox.width)) return;
  ctx.save();
  ctx.strokeStyle = theme.color("foreground", 0.8);
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
