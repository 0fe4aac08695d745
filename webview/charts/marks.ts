// Letters at the ends of lines: what tells runs apart for whoever does not see their colours.
import type uPlot from "uplot";
import type { Theme } from "../theme";
import type { DrawnLine } from "./curves";
import type { LineStyle } from "./lineStyles";

/** Pixels from one letter to the next. */
const apart = 10;

/** Draws each line's mark beside its last point in sight; those that would lie on one another move down. */
export function drawMarks(
  u: uPlot,
  { lines, styles }: { readonly lines: readonly DrawnLine[]; readonly styles: readonly LineStyle[] },
  theme: Theme,
): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const marks = lines.flatMap(({ mark, scale }, i) => {
    if (mark === undefined) return [];
    const row = u.data[i + 1];
    let at = row.length - 1;
    while (at > 0 && typeof row[at] !== "number") at--;
    const value = row[at];
    if (typeof value !== "number") return [];
    const [x, y] = [u.valToPos(u.data[0][at], "x", true), u.valToPos(value, scale ?? "y", true)];
    if (!Number.isFinite(x) || !Number.isFinite(y)) return [];
    const inside = Math.min(Math.max(y, bbox.top), bbox.top + bbox.height);
    return [
      {
        mark,
        color: theme.color(styles[i].color, styles[i].opacity),
        x: Math.min(x, bbox.left + bbox.width),
        y: inside,
      },
    ];
  });
  ctx.save();
  ctx.font = theme.font.replace("11px", `${10 * ratio}px`);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const taken: { x: number; y: number }[] = [];
  for (const { mark, color, x, y } of marks.sort((a, b) => a.y - b.y)) {
    let at = y;
    while (taken.some((one) => Math.abs(one.x - x) < apart * ratio && Math.abs(one.y - at) < apart * ratio))
      at += ratio;
    taken.push({ x, y: at });
    ctx.fillStyle = color;
    ctx.fillText(mark, x + 3 * ratio, at);
  }
  ctx.restore();
}
