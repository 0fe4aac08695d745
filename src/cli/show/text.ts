// Numbers, times, bars and tables as text. Colour only where it can be seen and is wanted.
const esc = "\u001b[";

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
}

export function styleFor(colour: boolean): Style {
  const paint = (code: number) => (text: string) => (colour ? `${esc}${code}m${text}${esc}0m` : text);
  return {
    bold: paint(1),
    dim: paint(2),
    red: paint(31),
    green: paint(32),
    yellow: paint(33),
    blue: paint(36),
  };
}

/** Whether a stream is a terminal that can move its cursor. */
export const isTerminal = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY && process.env.TERM !== "dumb";

/** The style for a stream: plain when piped, and when NO_COLOR is set to anything but nothing (no-color.org). */
export const styleOf = (stream: NodeJS.WriteStream): Style =>
  styleFor(isTerminal(stream) && !process.env.NO_COLOR);

/** Four significant digits, as one reads them. Takes the words of numbers that are not finite as well. */
export function number(value: number | string | null | undefined): string {
  const x = Number(value ?? NaN);
  if (Number.isNaN(x)) return "–";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return x.toExponential(2).replace("e+", "e");
  return String(Number(x.toPrecision(4)));
}

export const percent = (x: number): string =>
  Number.isFinite(x) ? `${x < 0.0995 ? Number((100 * x).toPrecision(2)) : Math.round(100 * x)} %` : "–";

export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return `${minutes} min ${rounded % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const blocks = "▁▂▃▄▅▆▇█";

/** A line of blocks for a series, the newest on the right; readings are averaged into `width` columns. */
export function sparkline(values: readonly number[], width: number, log = false): string {
  const points = values
    .filter((x) => Number.isFinite(x) && (!log || x > 0))
    .map((x) => (log ? Math.log(x) : x));
  if (points.length === 0) return "";
  const columns = Math.min(width, points.length);
  const means = Array.from({ length: columns }, (_, i) => {
    const start = Math.floor((i * points.length) / columns);
    const part = points.slice(start, Math.max(start + 1, Math.floor(((i + 1) * points.length) / columns)));
    return part.reduce((a, b) => a + b, 0) / part.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  // What differs by float32 rounding alone is level.
  const level = range <= 1e-6 * Math.max(...means.map(Math.abs));
  return means.map((x) => blocks[level ? 3 : Math.round((7 * (x - low)) / range)]).join("");
}

export function bar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return "█".repeat(full) + "░".repeat(width - full);
}

// Escape sequences take no room on the screen.
const invisible = /\u001b\[[0-9;]*m/g;
const widthOf = (text: string): number => [...text.replace(invisible, "")].length;

/** Cuts a line to the room it has, keeping its colours. */
export function cut(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let room = Math.max(0, width - 1);
  const parts = line.split(/(\u001b\[[0-9;]*m)/);
  const kept = parts.map((part) => {
    if (part.startsWith(esc)) return part;
    const letters = [...part].slice(0, room);
    room -= letters.length;
    return letters.join("");
  });
  return `${kept.join("")}…`;
}

/** Breaks a line at spaces to fit `width`; what follows the first line is indented by `indent` spaces. */
export function wrap(line: string, width: number, indent: number): string {
  const lines: string[] = [];
  let now = "";
  for (const word of line.split(/(?<=\S) /)) {
    const longer = now === "" ? word : `${now} ${word}`;
    if (now === "" || widthOf(longer) <= width) now = longer;
    else {
      lines.push(now);
      now = " ".repeat(indent) + word;
    }
  }
  return [...lines, now].join("\n");
}

/** Columns to wrap prose at: those of a terminal, none where the output is piped. */
export const columnsOf = (stream: NodeJS.WriteStream): number =>
  isTerminal(stream) ? stream.columns || 80 : Infinity;

/** Rows under a head, columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const widths = head.map((title, i) =>
    Math.max(widthOf(title), ...rows.map((row) => widthOf(row[i] ?? ""))),
  );
  const line = (cells: readonly string[]) =>
    cells
      // A name with a line end in it would make a row of its own.
      .map((cell) => cell.replace(/[\n\t]/g, "\ufffd"))
      .map((cell, i) => cell + " ".repeat(Math.max(0, widths[i] - widthOf(cell))))
      .join("  ")
      .trimEnd();
  return [style.dim(line(head)), ...rows.map(line)].join("\n");
}
