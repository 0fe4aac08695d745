// A small picture of a setting's chart as SVG: a line of text high without axes, or as wide as an editor with them. Pure.
import { num, tick } from "../../util/numberText";
import { decimate } from "../pyramid";
import type { SettingChart } from "../settingChart";
import { colorIn, type Palette } from "./palettes";
import { escaped, fixed, pathOf, scaleOf } from "./svg";

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

/** Readings far below their limit fill the picture, not the limit: it is then drawn at its upper rim. */
const mostAbove = 4;

/** Value over steps without words, for a place in a line of text. */
export function sparkline(chart: SettingChart, { width, height }: ChartSize, palette: Palette): string {
  return svg(chart, { width, height }, { palette, left: 1, right: 1, top: 1, bottom: 1, words: false });
}

/** The chart with its axes, limit and, unless its lines are named elsewhere, legend. */
export function smallChart(
  chart: SettingChart,
  { width, height, legend = true }: ChartSize & { readonly legend?: boolean },
  palette: Palette,
): string {
  const frame = { palette, left: 52, right: 12, top: legend ? 24 : 8, bottom: 22, words: true, legend };
  return svg(chart, { width, height }, frame);
}

interface Frame {
  readonly palette: Palette;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly words: boolean;
  readonly legend?: boolean;
}

function svg(chart: SettingChart, { width, height }: ChartSize, frame: Frame): string {
  const { palette, left, right, top, bottom, words } = frame;
  const { lines, level, logFrom } = chart;
  const [innerWidth, innerHeight] = [width - left - right, height - top - bottom];
  const columns = lines.map(({ column }) => decimate(column, Math.max(20, Math.round(innerWidth / 2))));
  const finite = columns.flatMap(({ values }) => Array.from(values)).filter(Number.isFinite);
  const highest = Math.max(...finite, 0);
  const scale = scaleOf(columns, {
    levels: level ? [level.value] : [],
    logFrom,
    most: logFrom === undefined && highest > 0 ? mostAbove * highest : Infinity,
  });
  const first = Math.min(...columns.map(({ steps }) => steps[0] ?? Infinity));
  const last = Math.max(...columns.map(({ steps }) => steps[steps.length - 1] ?? 0));
  const x = (step: number): number => left + (innerWidth * (step - first)) / Math.max(1, last - first);
  const y = (value: number): number => top + innerHeight * (1 - Math.min(1, Math.max(0, scale.place(value))));
  const visible = (value: number): boolean => Number.isFinite(value) && (logFrom === undefined || value > 0);
  const end = width - right;
  const parts: string[] = [];
  if (words)
    for (const value of scale.ticks)
      parts.push(
        `<path d="M${left} ${fixed(y(value))}H${end}" stroke="${palette.grid}"/>`,
        label(left - 6, y(value) + 4, tick(value), { anchor: "end", color: palette.text }),
      );
  if (level) {
    const at = fixed(y(level.value));
    parts.push(
      `<path d="M${left} ${at}H${end}" stroke="${colorIn(palette, level.color)}" stroke-dasharray="${words ? "5 4" : "3 2"}"/>`,
    );
  }
  lines.forEach(({ color, dashed }, i) => {
    const { steps, values } = columns[i];
    const stroke = `stroke="${colorIn(palette, color)}" stroke-width="${words ? 1.8 : 1.4}"${dashed ? ' stroke-dasharray="4 3"' : ""}`;
    // One reading is a point, not a line.
    if (steps.length === 1 && visible(values[0]))
      parts.push(
        `<circle cx="${fixed(x(steps[0]))}" cy="${fixed(y(values[0]))}" r="2" fill="${colorIn(palette, color)}"/>`,
      );
    else
      parts.push(
        `<path d="${pathOf(columns[i], x, y, visible)}" fill="none" stroke-linejoin="round" ${stroke}/>`,
      );
  });
  if (words) {
    const entries = [
      ...lines.map(({ label: name, color }) => ({ name, color })),
      ...(level ? [{ name: `${level.label} ${num(level.value)}`, color: level.color }] : []),
    ];
    let at = left;
    for (const { name, color } of frame.legend ? entries : []) {
      parts.push(
        `<path d="M${fixed(at)} 12h16" stroke="${colorIn(palette, color)}" stroke-width="2"/>`,
        label(at + 21, 16, name, { anchor: "start", color: palette.text }),
      );
      // No one measures text here: about six units a character.
      at += 36 + 6.2 * name.length;
    }
    parts.push(
      label(left, height - 6, `step ${first.toLocaleString("en-US")}`, {
        anchor: "start",
        color: palette.text,
      }),
      label(end, height - 6, last.toLocaleString("en-US"), { anchor: "end", color: palette.text }),
    );
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui,-apple-system,Segoe UI,sans-serif" font-size="11">${parts.join("")}</svg>`;
}

const label = (
  x: number,
  y: number,
  words: string,
  { anchor, color }: { readonly anchor: string; readonly color: string },
): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" fill="${color}">${escaped(words)}</text>`;
