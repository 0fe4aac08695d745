// Curves over steps as an SVG that is at home on a light and a dark page: panels one below the other, sharing their steps.
import type { Column } from "../../src/record/column";
import { escaped, fixed, pathOf, scaleOf } from "../../src/record/export/svg";
import { decimate } from "../../src/record/pyramid";
import { linearTicks } from "../../src/util/linearTicks";
import { num, tick } from "../../src/util/numberText";

type Color = "blue" | "purple" | "orange" | "red" | "green";

export interface Curve {
  readonly label: string;
  readonly column: Column;
  readonly color: Color;
  readonly faint?: boolean;
}

/** A constant with a name, drawn across. */
export interface Level {
  /** What it is; its value is put behind it. */
  readonly label: string;
  readonly value: number;
  /** Whether it is the limit: what lies beyond it is shaded. */
  readonly limit: boolean;
}

export interface Panel {
  /** Quantity and unit. */
  readonly label: string;
  readonly height: number;
  readonly curves: readonly Curve[];
  readonly levels?: readonly Level[];
  /** A log scale, which starts at this value at the lowest. */
  readonly logFrom?: number;
}

const width = 760;
const [left, right, gap, foot] = [70, 26, 36, 44];
const style = `
  svg { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; --ink: #57606a; --grid: #d8dee4;
    --blue: #0969da; --purple: #8250df; --orange: #bc4c00; --red: #cf222e; --green: #1a7f37; }
  @media (prefers-color-scheme: dark) { svg { --ink: #9198a1; --grid: #3d444d;
    --blue: #4493f8; --purple: #ab7df8; --orange: #db6d28; --red: #f85149; --green: #3fb950; } }
  text { fill: var(--ink); } .frame { fill: none; stroke: var(--grid); } .grid { stroke: var(--grid); stroke-width: 0.5; }
  .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; } .faint { stroke-width: 1.2; opacity: 0.6; }
  .level { stroke: var(--red); stroke-dasharray: 6 4; } .aside { opacity: 0.5; }
  .beyond { fill: var(--red); opacity: 0.07; } .red { fill: var(--red); }`;

/**
 * The picture as text. Readings beyond what a picture of this width can show are left out, extremes kept.
 * @param across  What goes from left to right, from 0 to `lastStep`.
 */
export function picture(title: string, panels: readonly Panel[], lastStep: number, across = "step"): string {
  const x = (step: number): number => left + (step / lastStep) * (width - left - right);
  let top = gap;
  const parts: string[] = [];
  for (const [i, panel] of panels.entries()) {
    parts.push(drawn(panel, `p${i}`, top, x));
    // One curve of the panel's own name, or the names of the panel above, need not be said again.
    const names = namesOf(panel);
    if (names !== panel.label && (i === 0 || names !== namesOf(panels[i - 1])))
      parts.push(legend(panel.curves, top));
    top += panel.height + gap;
  }
  const bottom = top - gap;
  for (const step of linearTicks(0, lastStep))
    parts.push(text({ x: x(step), y: bottom + 17 }, step.toLocaleString("en-US"), "middle"));
  parts.push(text({ x: x(lastStep / 2), y: bottom + 35 }, across, "middle"));
  const height = bottom + foot;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${style}
</style>
${parts.join("\n")}
</svg>
`;
}

function drawn(panel: Panel, id: string, top: number, x: (step: number) => number): string {
  const { curves, levels = [], height, label, logFrom } = panel;
  const bottom = top + height;
  const scale = scaleOf(
    curves.map(({ column }) => column),
    { levels: levels.map(({ value }) => value), logFrom },
  );
  const y = (value: number): number => bottom - scale.place(value) * height;
  const end = width - right;
  const parts = scale.ticks.flatMap((value) => [
    `<line class="grid" x1="${left}" x2="${end}" y1="${fixed(y(value))}" y2="${fixed(y(value))}"/>`,
    text(
      { x: left - 7, y: y(value) + 4 },
      logFrom === undefined ? value.toLocaleString("en-US") : tick(value),
      "end",
    ),
  ]);
  parts.push(
    `<text transform="translate(16 ${fixed(top + height / 2)}) rotate(-90)" text-anchor="middle">${escaped(label)}</text>`,
  );
  for (const { value, limit } of levels) {
    const at = fixed(y(value));
    if (limit)
      parts.push(
        `<rect class="beyond" x="${left}" y="${top}" width="${end - left}" height="${fixed(y(value) - top)}"/>`,
      );
    parts.push(
      `<line class="level${limit ? "" : " aside"}" x1="${left}" x2="${end}" y1="${at}" y2="${at}"/>`,
    );
  }
  parts.push(
    `<clipPath id="${id}"><rect x="${left}" y="${top}" width="${end - left}" height="${height}"/></clipPath>`,
  );
  for (const { column, color, faint } of curves) {
    const shown = decimate(column, 500);
    const visible = (value: number): boolean =>
      Number.isFinite(value) && (logFrom === undefined || value > 0);
    parts.push(
      `<path class="curve${faint ? " faint" : ""}" stroke="var(--${color})" clip-path="url(#${id})" d="${pathOf(shown, x, y, visible)}"/>`,
    );
  }
  const highest = Math.max(
    ...curves.flatMap(({ column }) => Array.from(column.values)).filter(Number.isFinite),
  );
  for (const { label: name, value, limit } of levels) {
    const words = `${name} = ${num(value)}`;
    // Curves that climb to their limit leave room at the left, above where they overshoot it; others at the right.
    const settles = curves.some(
      ({ column }) => Math.abs(column.values[column.length - 1] / value - 1) < 0.05,
    );
    const hovers = limit && highest < (settles ? 1.3 : 1.2) * value;
    const line = y(hovers ? Math.max(highest, value) : value);
    // Below its line where another one's words stand above it.
    const crowded = levels.some((other) => y(other.value) < line && y(other.value) > line - 16);
    const above = line + (crowded ? 14 : -6);
    const [at, anchor] = hovers ? ([left + 8, "start"] as const) : ([end - 8, "end"] as const);
    parts.push(text({ x: at, y: above }, words, anchor, limit ? "red" : "red aside"));
  }
  parts.push(`<rect class="frame" x="${left}" y="${top}" width="${end - left}" height="${height}"/>`);
  return parts.join("\n");
}

const namesOf = ({ curves }: Panel): string => curves.map(({ label }) => label).join();

function legend(curves: readonly Curve[], top: number): string {
  let at = left;
  return curves
    .map(({ label, color, faint }) => {
      const mark = `<line class="curve${faint ? " faint" : ""}" stroke="var(--${color})" x1="${at}" x2="${at + 18}" y1="${top - 12}" y2="${top - 12}"/>`;
      const item = mark + text({ x: at + 24, y: top - 8 }, label, "start");
      // No one measures text here: about six and a half units a character.
      at += 48 + 6.5 * label.length;
      return item;
    })
    .join("\n");
}

const text = (
  { x, y }: { readonly x: number; readonly y: number },
  words: string,
  anchor: string,
  kind = "",
): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}"${kind ? ` class="${kind}"` : ""}>${escaped(words)}</text>`;
