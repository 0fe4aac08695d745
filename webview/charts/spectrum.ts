// The density of all eigenvalues at the latest reading, counted in bins on a log scale: the Hessian's as bars, the Gauss–Newton matrix's as a line.
import { num } from "../format";
import { sharpnessLimitFormula } from "../../src/protocol/describeOptimizer";
import { limitsOf } from "../../src/record/limits";
import { entry, listOf, type RunModel } from "../store/runModel";
import type { Theme } from "../theme";
import { awaited, formulasOf, readingRows, type CanvasChart } from "./chart";
import { boxOf, drawFrame, linearAxis, logAxis } from "./frame";

/** Smallest count drawn: an estimate from a few random starts says less about smaller ones than its own noise. */
const floor = 0.1;
const bins = 90;

export const spectrum: CanvasChart = {
  kind: "canvas",
  id: "spectrum",
  group: "landscape",
  title: "Spectrum",
  about:
    "How many eigenvalues of the Hessian (bars) and of its Gauss–Newton part (line) lie where, at the latest reading: most near zero, a few far out. Beyond the red line, gradient descent with this learning rate is linearly unstable. Triangles mark the top eigenvalues at the cursor's step.",
  measuredBy: ["spectrum"],
  formulas: (run) => [
    ...matricesOf(run).flatMap(({ nodes, weights }) => formulasOf(nodes, weights)),
    ["count", "weight × number of parameters, summed per bin"],
    ["limit", sharpnessLimitFormula(run.info.experiment.optimizer)],
    ...readingRows(run, listOf(run, matricesOf(run)[0]?.nodes ?? "spectrum.values")),
  ],
  empty: awaited("the spectrum"),
  hasData: (run) => matricesOf(run).length > 0,
  describe: (run) => {
    const all = matricesOf(run);
    if (all.length === 0) return "No reading yet.";
    const said = all.map((matrix) => {
      const nodes = densityOf(run, matrix);
      const values = nodes.map(({ value }) => value);
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const near = nodes.filter(({ value }) => Math.abs(value) <= 0.01 * Math.max(high, -low));
      const share = near.reduce((sum, { count }) => sum + count, 0) / sizeOf(run);
      const name = all.length > 1 ? `${matrix.name} (${matrix.as})` : matrix.name;
      return `${name} from ${num(low)} to ${num(high)}, ${Math.round(100 * share)} % within 1 % of the largest around zero`;
    });
    return `Step ${listOf(run, all[0].nodes)?.step}: ${said.join("; ")}.`;
  },
  draw: ({ context, width, height }, run, theme, marks = {}) => {
    const limit = limitsOf(run).sharpness;
    const drawn = matricesOf(run).map((matrix) => ({ matrix, nodes: densityOf(run, matrix) }));
    const all = drawn.flatMap(({ nodes }) => nodes);
    const counts = drawn.map(({ matrix, nodes }) => ({ matrix, counted: histogram(nodes, limit, all) }));
    const { counted } = counts[0];
    const box = boxOf(width, height);
    const [from, to] = [counted[0].from, counted.at(-1)?.to ?? 1];
    const tallest = Math.max(
      10 * floor,
      ...counts.flatMap(({ counted }) => counted.map(({ count }) => count)),
    );
    const at = drawFrame(
      context,
      box,
      { x: linearAxis("eigenvalue λ", from, to), y: logAxis("eigenvalues", floor, 2 * tallest) },
      theme,
    );
    const colorOf = ({ from, to }: Bin) =>
      theme.color(to <= 0 ? "orange" : from >= limit ? "red" : "blue", 0.85);
    for (const { matrix, counted } of counts) {
      if (matrix.as === "bars") drawBars(context, counted, { at, bottom: box.bottom }, colorOf);
      else {
        context.strokeStyle = theme.color("purple");
        context.lineWidth = 1.4;
        outline(context, counted, at, box.bottom);
      }
    }
    if (marks.step !== undefined) markTop(context, topAt(run, marks.step), { at, bottom: box.bottom }, theme);
    if (!(limit < to)) return;
    const x = at.x(limit);
    context.fillStyle = theme.color("red", 0.09);
    context.fillRect(x, box.top, box.right - x, box.bottom - box.top);
    context.strokeStyle = context.fillStyle = theme.color("red", 0.9);
    context.lineWidth = 1;
    context.setLineDash([5, 4]);
    context.beginPath();
    context.moveTo(x, box.top);
    context.lineTo(x, box.bottom);
    context.stroke();
    context.setLineDash([]);
    context.textAlign = "right";
    context.textBaseline = "top";
    context.fillText(`limit ${num(limit)}`, x - 5, box.top + 4);
  },
};

type Places = ReturnType<typeof drawFrame>;

/** Top eigenvalues as they were read up to a step: the whole spectrum is kept of the latest reading alone. */
export function topAt(run: RunModel, step: number): number[] {
  const found: number[] = [];
  for (let i = 0; run.series.columns.has(`eigenvalues.${i}`); i++) {
    const value = entry(run, "eigenvalues", i).at(step);
    if (value !== undefined && Number.isFinite(value)) found.push(value);
  }
  return found;
}

/** Small triangles on the axis. */
function markTop(
  context: CanvasRenderingContext2D,
  values: readonly number[],
  { at, bottom }: { readonly at: Places; readonly bottom: number },
  theme: Theme,
): void {
  context.fillStyle = theme.color("foreground");
  for (const x of values.map(at.x)) {
    context.beginPath();
    context.moveTo(x, bottom - 8);
    context.lineTo(x - 4, bottom);
    context.lineTo(x + 4, bottom);
    context.fill();
  }
}

function drawBars(
  context: CanvasRenderingContext2D,
  bins: readonly Bin[],
  { at, bottom }: { readonly at: Places; readonly bottom: number },
  colorOf: (bin: Bin) => string,
): void {
  for (const bin of bins) {
    if (bin.count <= floor) continue;
    context.fillStyle = colorOf(bin);
    const [left, top] = [at.x(bin.from), at.y(bin.count)];
    context.fillRect(left, top, Math.max(1, at.x(bin.to) - left - 0.5), bottom - top);
  }
}

/** The upper edge of bars, without bars: what lies behind stays in sight. */
function outline(context: CanvasRenderingContext2D, bins: readonly Bin[], at: Places, bottom: number): void {
  context.beginPath();
  let drawing = false;
  for (const { from, to, count } of bins) {
    if (count > floor) {
      if (!drawing) context.moveTo(at.x(from), bottom);
      context.lineTo(at.x(from), at.y(count));
      context.lineTo(at.x(to), at.y(count));
    } else if (drawing) context.lineTo(at.x(from), bottom);
    drawing = count > floor;
  }
  if (drawing) context.lineTo(at.x(bins[bins.length - 1].to), bottom);
  context.stroke();
}

interface Node {
  readonly value: number;
  /** Eigenvalues it stands for. */
  readonly count: number;
}

interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const matrices = [
  { name: "Hessian", nodes: "spectrum.values", weights: "spectrum.weights", as: "bars" },
  {
    name: "Gauss–Newton",
    nodes: "spectrum.gaussNewton.values",
    weights: "spectrum.gaussNewton.weights",
    as: "line",
  },
] as const;
type Matrix = (typeof matrices)[number];

/** Those whose spectrum was read. */
const matricesOf = (run: RunModel): Matrix[] =>
  matrices.filter((matrix) => densityOf(run, matrix).length > 0);

const sizeOf = ({ series }: RunModel): number => series.header?.parameters ?? 1;

/** Relative to the largest: what float32 makes of an eigenvalue that is zero, of either sign. */
const rounding = 1e-6;

/** Nodes of the latest reading; a reading with a value that is not finite has none. */
function densityOf(run: RunModel, matrix: Matrix): Node[] {
  const values = listOf(run, matrix.nodes)?.value ?? [];
  const weights = listOf(run, matrix.weights)?.value ?? [];
  if (![...values, ...weights].every(Number.isFinite)) return [];
  const zero = rounding * Math.max(...values.map(Math.abs));
  return values.map((value, i) => ({
    value: Math.abs(value) < zero ? 0 : value,
    count: (weights[i] ?? 0) * sizeOf(run),
  }));
}

/**
 * Counts in equal bins over `all` nodes to be drawn together, zero and, unless it is far out of sight, the limit; zero is an edge of
 * two bins.
 */
export function histogram(nodes: readonly Node[], limit: number, all: readonly Node[] = nodes): Bin[] {
  const values = all.map(({ value }) => value);
  const high = Math.max(0, ...values);
  const end = 1.03 * (limit < 4 * high ? Math.max(high, limit) : high);
  const low = Math.min(0, ...values);
  const size = (end - low || 1) / bins;
  const first = Math.floor(low / size);
  const last = Math.max(first, Math.ceil(end / size) - 1);
  const counts = new Array<number>(last - first + 1).fill(0);
  for (const { value, count } of nodes) counts[Math.min(last, Math.floor(value / size)) - first] += count;
  return counts.map((count, i) => ({ from: (first + i) * size, to: (first + i + 1) * size, count }));
}
