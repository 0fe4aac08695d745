// The density of all Hessian eigenvalues at the latest reading, counted in bins on a log scale, with the limit marked.
import { num } from "../format";
import { limitsOf, sharpnessLimitFormula } from "../store/limits";
import { listOf, type RunModel } from "../store/runModel";
import { awaited, formulasOf, readingRows, type CanvasChart } from "./chart";
import { boxOf, drawFrame, linearAxis, logAxis } from "./frame";

/** Smallest count drawn: an estimate from a few random starts says less about smaller ones than its own noise. */
const floor = 0.1;
const bins = 90;

export const spectrum: CanvasChart = {
  kind: "canvas",
  id: "spectrum",
  title: "Spectrum of the Hessian",
  about:
    "How many eigenvalues lie where, at the latest reading: most near zero, a few far out. Beyond the red line, gradient descent with this learning rate is linearly unstable.",
  measuredBy: ["spectrum"],
  formulas: (run) => [
    ...formulasOf("spectrum.values", "spectrum.weights"),
    ["count", "weight × number of parameters, summed per bin"],
    ["limit", sharpnessLimitFormula(run)],
    ...readingRows(run, listOf(run, "spectrum.values")),
  ],
  empty: awaited("the spectrum"),
  hasData: (run) => densityOf(run).length > 0,
  describe: (run) => {
    const nodes = densityOf(run);
    if (nodes.length === 0) return "No reading yet.";
    const values = nodes.map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const near = nodes.filter(({ value }) => Math.abs(value) <= 0.01 * Math.max(high, -low));
    const share = near.reduce((sum, { count }) => sum + count, 0) / sizeOf(run);
    return `Step ${listOf(run, "spectrum.values")?.step}: from ${num(low)} to ${num(high)}, ${Math.round(100 * share)} % within 1 % of the largest around zero.`;
  },
  draw: (context, width, height, run, theme) => {
    const limit = limitsOf(run).sharpness;
    const counted = histogram(densityOf(run), limit);
    const box = boxOf(width, height);
    const [from, to] = [counted[0].from, counted.at(-1)?.to ?? 1];
    const tallest = Math.max(10 * floor, ...counted.map(({ count }) => count));
    const at = drawFrame(
      context,
      box,
      linearAxis("eigenvalue λ", from, to),
      logAxis("eigenvalues", floor, 2 * tallest),
      theme,
    );
    for (const { from, to, count } of counted) {
      if (count <= floor) continue;
      context.fillStyle = theme.color(to <= 0 ? "orange" : from >= limit ? "red" : "blue", 0.85);
      const [left, top] = [at.x(from), at.y(count)];
      context.fillRect(left, top, Math.max(1, at.x(to) - left - 0.5), box.bottom - top);
    }
    if (!(limit < to)) return;
    const x = at.x(limit);
    context.fillStyle = theme.color("red", 0.09);
    context.fillRect(x, box.top, box.right - x, box.bottom - box.top);
    context.strokeStyle = context.fillStyle = theme.color("red", 0.9);
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

interface Node {
  readonly value: number;
  /** Eigenvalues it stands for. */
  readonly count: number;
}

const sizeOf = ({ header }: RunModel): number => header?.parameters ?? 1;

/** Nodes of the latest reading; a reading with a value that is not finite has none. */
export function densityOf(run: RunModel): Node[] {
  const values = listOf(run, "spectrum.values")?.values ?? [];
  const weights = listOf(run, "spectrum.weights")?.values ?? [];
  if (![...values, ...weights].every(Number.isFinite)) return [];
  return values.map((value, i) => ({ value, count: (weights[i] ?? 0) * sizeOf(run) }));
}

/** Counts in equal bins over the nodes, zero and, unless it is far out of sight, the limit; zero is an edge of two bins. */
export function histogram(
  nodes: readonly Node[],
  limit: number,
): { readonly from: number; readonly to: number; readonly count: number }[] {
  const values = nodes.map(({ value }) => value);
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
