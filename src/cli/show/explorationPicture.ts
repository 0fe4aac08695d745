// The map of exploration as SVG: what branches from one minimum reached, over their learning rate and in the sharpness–non-uniformity plane. Pure.
import { palettes } from "../../record/export/palettes";
import { runColor } from "../../record/export/runColors";
import { escaped, fixed } from "../../record/export/svg";
import { logSplits } from "../../util/logSplits";
import { num, tick } from "../../util/numberText";
import type { Exploration, ExploredBranch } from "./exploration";

const panel = { width: 360, height: 280, left: 58, right: 14, top: 30, bottom: 44 } as const;
const gap = 20;
const headHeight = 34;
const legendLine = 18;
const { text, grid } = palettes.light;

interface Axis {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A logarithmic axis from pixel `from` to `to` that holds all positive finite values. */
function axisOf(values: readonly number[], from: number, to: number): Axis {
  const shown = values.filter((value) => value > 0 && Number.isFinite(value));
  const low = Math.min(...shown) / 1.4;
  const high = Math.max(...shown) * 1.4;
  if (shown.length === 0) return { place: () => from, ticks: [] };
  const place = (value: number): number =>
    from + ((to - from) * Math.log(value / low)) / Math.log(high / low);
  return { place, ticks: logSplits(low, high).filter((value) => value >= low && value <= high) };
}

const words = (x: number, y: number, said: string, more = ""): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" fill="${text}" ${more}>${escaped(said)}</text>`;

/** Colour is the batch size, shape the momentum. */
const shapes: readonly ((x: number, y: number) => string)[] = [
  (x, y) => `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="5"`,
  (x, y) => `<path d="M${fixed(x - 5)} ${fixed(y - 5)}h10v10h-10z"`,
  (x, y) => `<path d="M${fixed(x)} ${fixed(y - 6)}l6 10.5h-12z"`,
  (x, y) => `<path d="M${fixed(x)} ${fixed(y - 6.5)}l6.5 6.5l-6.5 6.5l-6.5 -6.5z"`,
];

interface Plot {
  readonly title: string;
  readonly x: { readonly label: string; readonly of: (branch: ExploredBranch) => number };
  readonly y: { readonly label: string; readonly of: (branch: ExploredBranch) => number };
  /** Where the minimum lies; a coordinate that it does not have is null. */
  readonly start: { readonly x: number | null; readonly y: number };
  /** The limit of full batches over the learning rate, for each momentum. */
  readonly limit?: (branch: ExploredBranch) => number;
}

export function explorationPicture(found: Exploration): string {
  const { run, step, steps, minimum } = found;
  const branches = found.branches.filter(({ outcome }) => outcome === "stayed" || outcome === "moved");
  const batches = [...new Set(found.branches.map(({ batchSize }) => batchSize))];
  const momenta = [...new Set(found.branches.map(({ momentum }) => momentum))];
  const shape = (branch: ExploredBranch): string => {
    const { color } = runColor(batches.indexOf(branch.batchSize));
    const filled = branch.outcome === "stayed" ? `fill="none"` : `fill="${color}" fill-opacity="0.75"`;
    return `${filled} stroke="${color}" stroke-width="1.6"/>`;
  };
  const mark = (branch: ExploredBranch, x: number, y: number): string =>
    shapes[momenta.indexOf(branch.momentum) % shapes.length](x, y) + " " + shape(branch);
  const rate = { label: "learning rate", of: ({ learningRate }: ExploredBranch) => learningRate };
  const plots: readonly Plot[] = [
    {
      title: "Sharpness reached",
      x: rate,
      y: { label: "sharpness", of: ({ sharpness }) => sharpness },
      start: { x: null, y: minimum.sharpness },
      limit: ({ limit }) => limit,
    },
    {
      title: "Distance travelled",
      x: rate,
      y: { label: "‖θ − θ*‖", of: ({ distance }) => distance },
      start: { x: null, y: NaN },
    },
    {
      title: "Where the minima lie",
      x: { label: "sharpness", of: ({ sharpness }) => sharpness },
      y: { label: "non-uniformity", of: ({ nonuniformity }) => nonuniformity },
      start: { x: minimum.sharpness, y: minimum.nonuniformity },
    },
  ];
  const legend = legendOf(batches, momenta);
  const width = gap + plots.length * (panel.width + gap);
  const height = headHeight + panel.height + legend.height + gap;
  const gone = found.branches.length - branches.length;
  const head = `${run} · step ${step} · ${found.branches.length} branches of ${steps} steps${gone > 0 ? ` · ${gone} reached no minimum` : ""}`;
  const panels = plots.map(
    (plot, i) =>
      `<g transform="translate(${gap + i * (panel.width + gap)} ${headHeight})">${drawn(plot, branches, { mark, momenta })}</g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui,-apple-system,Segoe UI,sans-serif" font-size="12">`,
    `<defs><clipPath id="frame"><rect x="${panel.left}" y="${panel.top}" width="${panel.width - panel.left - panel.right}" height="${panel.height - panel.top - panel.bottom}"/></clipPath></defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    words(gap, 22, head, 'font-size="15" font-weight="600"'),
    ...panels,
    `<g transform="translate(${gap} ${headHeight + panel.height})">${legend.svg}</g>`,
    "</svg>\n",
  ].join("");
}

interface Marks {
  readonly mark: (branch: ExploredBranch, x: number, y: number) => string;
  readonly momenta: readonly (number | null)[];
}

function drawn(plot: Plot, branches: readonly ExploredBranch[], { mark, momenta }: Marks): string {
  const { left, right, top, bottom, width, height } = panel;
  const { start, limit } = plot;
  const seen = branches.filter((branch) => plot.x.of(branch) > 0 && plot.y.of(branch) > 0);
  const x = axisOf([...seen.map(plot.x.of), start.x ?? NaN], left, width - right);
  const y = axisOf([...seen.map(plot.y.of), start.y], height - bottom, top);
  const lines = [
    ...x.ticks.map((value) => `M${fixed(x.place(value))} ${top}V${height - bottom}`),
    ...y.ticks.map((value) => `M${left} ${fixed(y.place(value))}H${width - right}`),
  ];
  const parts = [
    words(left, 16, plot.title, 'font-size="13" font-weight="600"'),
    `<path d="${lines.join("")}" stroke="${grid}" fill="none"/>`,
    ...labelled(x.ticks, (value) =>
      words(x.place(value), height - bottom + 16, tick(value), 'text-anchor="middle"'),
    ),
    ...labelled(y.ticks, (value) => words(left - 6, y.place(value) + 4, tick(value), 'text-anchor="end"')),
    words((left + width - right) / 2, height - 8, plot.x.label, 'text-anchor="middle"'),
    `<g transform="translate(12 ${(top + height - bottom) / 2}) rotate(-90)">${words(0, 0, plot.y.label, 'text-anchor="middle"')}</g>`,
  ];
  if (limit)
    for (const momentum of momenta) {
      const own = branches
        .filter((branch) => branch.momentum === momentum && limit(branch) > 0)
        .sort((a, b) => a.learningRate - b.learningRate)
        .map((branch) => `${fixed(x.place(branch.learningRate))} ${fixed(y.place(limit(branch)))}`);
      if (own.length > 1)
        parts.push(
          `<path clip-path="url(#frame)" d="M${[...new Set(own)].join("L")}" fill="none" stroke="${text}" stroke-dasharray="${dashOf(momenta.indexOf(momentum))}"/>`,
        );
    }
  if (start.y > 0 && start.x === null)
    parts.push(
      `<path d="M${left} ${fixed(y.place(start.y))}H${width - right}" stroke="${text}" stroke-width="1.5"/>`,
    );
  parts.push(...seen.map((branch) => mark(branch, x.place(plot.x.of(branch)), y.place(plot.y.of(branch)))));
  if (start.x !== null && start.x > 0 && start.y > 0) parts.push(star(x.place(start.x), y.place(start.y)));
  return parts.join("");
}

/** Every tick where there is room for the words, else every second. */
function labelled(ticks: readonly number[], draw: (value: number) => string): string[] {
  const step = ticks.length > 8 ? 2 : 1;
  return ticks.filter((_, i) => i % step === 0).map(draw);
}

const dashOf = (i: number): string => ["6 4", "2 3", "9 3 2 3", "12 3"][i % 4];

const star = (x: number, y: number): string =>
  `<path d="M${fixed(x - 7)} ${fixed(y)}h14M${fixed(x)} ${fixed(y - 7)}v14M${fixed(x - 5)} ${fixed(y - 5)}l10 10M${fixed(x - 5)} ${fixed(y + 5)}l10 -10" stroke="${text}" stroke-width="2"/>`;

function legendOf(
  batches: readonly number[],
  momenta: readonly (number | null)[],
): { readonly svg: string; readonly height: number } {
  const colours = batches.map((batch, i) => {
    const { color } = runColor(i);
    return `<g transform="translate(${i * 110} 10)"><circle cx="6" cy="0" r="5" fill="${color}" stroke="${color}"/>${words(18, 4, `batch ${batch}`)}</g>`;
  });
  const forms = momenta.map((momentum, i) => {
    const named = momentum === null ? "limit of full batches" : `momentum ${num(momentum)}, and its limit`;
    return `<g transform="translate(${i * 250} ${10 + legendLine})">${shapes[i % shapes.length](6, 0)} fill="none" stroke="${text}"/><path d="M18 0h22" stroke="${text}" stroke-dasharray="${dashOf(i)}"/>${words(46, 4, named)}</g>`;
  });
  const start = `<g transform="translate(0 ${10 + 2 * legendLine})">${star(6, 0)}${words(18, 4, "the minimum they start at (a line where it is a height); hollow: stayed there")}</g>`;
  return { svg: [...colours, ...forms, start].join(""), height: 10 + 3 * legendLine };
}
