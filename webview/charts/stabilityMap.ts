// The map of stability at the point reached: the largest stable learning rate at each batch size, and where the run stands in it.
import { num } from "../format";
import { column, type RunModel } from "../store/runModel";
import { formulasOf, type CanvasChart } from "./chart";
import { boxOf, drawFrame, logAxis } from "./frame";

interface Row {
  readonly B: number;
  /** Limit of the mean square. */
  readonly eta: number;
  /** From which on a typical run leaves, where that was measured. */
  readonly typical?: number;
}

interface Map {
  readonly rows: readonly Row[];
  /** The run's own. */
  readonly B: number;
  readonly eta: number;
  /** Full-batch limit of the whole Hessian; Infinity where there is none. */
  readonly mean: number;
  readonly largest: number;
  /** From which on a typical run leaves at its batch size; NaN where that was not measured. */
  readonly typical: number;
  readonly smallest: number | null;
}

export const stabilityMap: CanvasChart = {
  kind: "canvas",
  id: "stabilityMap",
  group: "stability",
  title: "Stable learning rates per batch size",
  about:
    "The largest learning rate that holds at the point reached, for each batch size; the dot is this run. Up to the curve the step may grow, and left to it the batch may shrink; between it and the dashed one a typical run comes back, with spikes. A drag tries other settings out; the short bar is the limit at the cursor's step.",
  measuredBy: "verdict",
  formulas: ({ verdict }) => [
    [
      "curve",
      "largest η with ρ(η, B, β) ≤ 1 at B = 1, 2, 4, …, n; an upper bound where directions are left out",
    ],
    ...formulasOf("stability.varianceLimit", "stability.meanLimit", "stability.typicalLimit"),
    ...(verdict
      ? [["measured", `by the verdict, at step ${verdict.step}, Gauss–Newton factors`] as const]
      : []),
  ],
  empty: ({ verdict }) =>
    verdict
      ? "The verdict gives no map: it needs the mean-square limit, which was not measured for this optimizer and point."
      : "The map comes with the verdict.",
  hasData: (run) => mapOf(run) !== undefined,
  describe: (run) => describeMap(mapOf(run)),
  pick: ({ width, height }, run, { x, y }) => {
    const map = mapOf(run);
    if (!map) return undefined;
    const { left, right, top, bottom } = boxOf(width, height);
    const { batches, rates } = endsOf(map);
    const across = Math.max(0, Math.min(1, (x - left) / (right - left)));
    const up = Math.max(0, Math.min(1, (bottom - y) / (bottom - top)));
    return {
      batchSize: Math.round(batches[0] * (batches[1] / batches[0]) ** across),
      learningRate: Number((rates[0] * (rates[1] / rates[0]) ** up).toPrecision(3)),
    };
  },
  draw: ({ context, width, height }, run, theme, marks = {}) => {
    const map = mapOf(run);
    if (!map) return;
    const { rows, B, eta, mean, largest, smallest } = map;
    const box = boxOf(width, height);
    const { batches, rates } = endsOf(map);
    const at = drawFrame(
      context,
      box,
      {
        x: logAxis("batch size B", ...batches, batchTicks(rows)),
        y: logAxis("learning rate η", ...rates),
      },
      theme,
    );
    const held = rows.map((row) => ({ x: at.x(row.B), y: at.y(Math.min(row.eta, mean)) }));
    context.fillStyle = theme.color("green", 0.14);
    context.beginPath();
    context.moveTo(box.left, box.bottom);
    for (const { x, y } of held) context.lineTo(x, y);
    context.lineTo(box.right, box.bottom);
    context.fill();
    const line = (from: readonly [number, number], to: readonly [number, number], dash: number[]) => {
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(...to);
      context.stroke();
      context.setLineDash([]);
    };
    context.strokeStyle = theme.color("red", 0.7);
    context.lineWidth = 1;
    if (Number.isFinite(mean)) line([box.left, at.y(mean)], [box.right, at.y(mean)], [5, 4]);
    context.strokeStyle = theme.color("purple");
    context.lineWidth = 1.8;
    context.beginPath();
    rows.forEach((row, i) => context[i === 0 ? "moveTo" : "lineTo"](at.x(row.B), at.y(row.eta)));
    context.stroke();
    context.lineWidth = 1.4;
    context.setLineDash([4, 3]);
    context.beginPath();
    typicalRows(rows).forEach((row, i) =>
      context[i === 0 ? "moveTo" : "lineTo"](at.x(row.B), at.y(row.typical)),
    );
    context.stroke();
    context.setLineDash([]);
    const [x, y] = [at.x(B), at.y(eta)];
    context.strokeStyle = theme.color("foreground", 0.7);
    context.lineWidth = 1;
    if (Number.isFinite(largest)) line([x, y], [x, at.y(largest)], [2, 3]);
    if (smallest !== null) line([x, y], [at.x(smallest), y], [2, 3]);
    context.fillStyle = theme.color(atEdge(map) ? "yellow" : eta <= largest ? "blue" : "red");
    context.beginPath();
    context.arc(x, y, 4.5, 0, 2 * Math.PI);
    context.fill();
    context.strokeStyle = theme.color("background");
    context.stroke();
    const limit = marks.step === undefined ? undefined : limitAtStep(run, marks.step);
    if (limit !== undefined) {
      context.strokeStyle = theme.color("foreground");
      context.lineWidth = 2;
      line([x - 7, at.y(limit)], [x + 7, at.y(limit)], []);
    }
    if (!marks.trial) return;
    const tried = { x: at.x(marks.trial.batchSize), y: at.y(marks.trial.learningRate) };
    context.strokeStyle = theme.color("foreground");
    context.lineWidth = 1;
    line([x, y], [tried.x, tried.y], [2, 3]);
    context.lineWidth = 2;
    context.beginPath();
    context.arc(tried.x, tried.y, 6, 0, 2 * Math.PI);
    context.stroke();
  },
};

const typicalRows = (rows: readonly Row[]) =>
  rows.flatMap(({ B, typical = NaN }) => (Number.isFinite(typical) && typical > 0 ? [{ B, typical }] : []));

/** First and last value of both axes. */
function endsOf({ rows, eta, mean }: Map): {
  readonly batches: readonly [number, number];
  readonly rates: readonly [number, number];
} {
  const heights = [
    ...rows.map((row) => row.eta),
    ...typicalRows(rows).map(({ typical }) => typical),
    eta,
    ...(Number.isFinite(mean) ? [mean] : []),
  ];
  return {
    batches: [rows[0].B, rows[rows.length - 1].B],
    rates: [Math.min(...heights) / 1.6, Math.max(...heights) * 1.6],
  };
}

/** The limit at the run's own batch size as it was read up to a step. */
function limitAtStep(run: RunModel, step: number): number | undefined {
  const limit = column(run, "stability.limit").at(step);
  return limit !== undefined && limit > 0 && Number.isFinite(limit) ? limit : undefined;
}

/** The verdict's map with the run's place in it; undefined where there is none to draw. */
export function mapOf({ verdict }: RunModel): Map | undefined {
  if (!verdict?.map) return undefined;
  const rows = verdict.map
    .map((row) => ({
      B: row.batchSize,
      eta: row.largestStableLearningRate,
      typical: row.typicalLearningRate,
    }))
    .filter(({ eta }) => Number.isFinite(eta) && eta > 0);
  if (rows.length < 2) return undefined;
  const { settings, limits, largestStableLearningRate, smallestStableBatchSize } = verdict;
  return {
    rows,
    B: settings.batchSize === "full" ? settings.examples : settings.batchSize,
    eta: settings.learningRate,
    mean: limits.mean === null ? Infinity : limits.mean,
    largest: largestStableLearningRate === null ? NaN : largestStableLearningRate,
    typical: limits.typical?.value ?? NaN,
    smallest: smallestStableBatchSize,
  };
}

/** As the verdict has it: within 5 % of the limit, on either side. */
const atEdge = ({ eta, largest }: Map): boolean => Math.abs(eta / largest - 1) <= 0.05;

/** The rows' own batch sizes, as many as have room; n is told apart from the power of two before it. */
function batchTicks(rows: Map["rows"]): number[] {
  const every = Math.ceil(rows.length / 9);
  const n = rows[rows.length - 1].B;
  const others = rows.slice(0, -1).filter(({ B }, i) => i % every === 0 && n / B > 1.5);
  return [...others.map(({ B }) => B), n];
}

function describeMap(map: Map | undefined): string {
  if (!map) return "No map.";
  const { B, eta, largest, typical, smallest } = map;
  const factor = largest / eta;
  const step = atEdge(map)
    ? `the step is at its limit (η ≤ ${num(largest)})`
    : factor >= 1
      ? `the step may be ${num(Number(factor.toPrecision(2)))}× larger (η ≤ ${num(largest)})`
      : `the step must be ${num(Number((1 / factor).toPrecision(2)))}× smaller (η ≤ ${num(largest)})`;
  const batch =
    smallest === null
      ? "no batch size holds"
      : smallest <= B
        ? `a batch of ${smallest} would hold`
        : `it takes a batch of ${smallest}`;
  const bursts = typical > largest ? ` A typical run comes back up to η = ${num(typical)}.` : "";
  return `At B = ${B} ${step}; at η = ${num(eta)} ${batch}.${bursts}`;
}
