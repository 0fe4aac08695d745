// What `basin explore` found, as it comes from the run process and as a table.
import { number, table, type Style } from "./text";

interface Place {
  readonly loss: number;
  readonly sharpness: number;
  readonly nonuniformity: number;
  readonly gap: number | null;
  readonly gradNorm: number;
}

export interface ExploredBranch extends Place {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly momentum: number | null;
  readonly outcome: "stayed" | "moved" | "unfitted" | "diverged";
  readonly distance: number;
  readonly relative: number;
  /** NaN where full batches are bounded by another matrix. */
  readonly limit: number;
}

export interface Exploration {
  readonly run: string;
  readonly step: number;
  readonly examples: number;
  readonly steps: number;
  readonly minimum: Place;
  /** Those that are done. */
  readonly branches: readonly ExploredBranch[];
  /** Of how many: more than there are where it was stopped. */
  readonly asked: number;
}

/** Null where the process ended before it had told of the minimum. A last line that was cut off is left out. */
export function decodeExploration(output: string): Exploration | null {
  const lines = output.split("\n").slice(0, -1);
  const [first, ...branches] = lines.map((line) => JSON.parse(line, decoded) as unknown);
  if (first === undefined) return null;
  const { branches: asked, ...about } = first as Omit<Exploration, "branches" | "asked"> & {
    branches: number;
  };
  return { ...about, asked, branches: branches as ExploredBranch[] };
}

const words = new Set(["NaN", "Infinity", "-Infinity"]);
const decoded = (_key: string, value: unknown): unknown =>
  typeof value === "string" && words.has(value) ? Number(value) : value;

export function describeExploration(found: Exploration, style: Style): string {
  const { run, step, steps, minimum, branches, asked } = found;
  const momentum = branches.some((branch) => branch.momentum !== null);
  const gap = minimum.gap !== null;
  const rows = branches.map((branch) => [
    number(branch.learningRate),
    String(branch.batchSize),
    ...(momentum ? [number(branch.momentum)] : []),
    branch.outcome,
    ...(branch.outcome === "diverged" ? [] : placeCells(branch, gap)),
  ]);
  const own = ["", "", ...(momentum ? [""] : []), "the minimum", number(0), ...cells(minimum, gap)];
  return [
    style.bold(`${run} · step ${step} · ${branches.length} branches of ${steps} steps`),
    "",
    table(
      [
        "learning rate",
        "batch",
        ...(momentum ? ["momentum"] : []),
        "outcome",
        "distance",
        "sharpness",
        "non-uniformity",
        "training loss",
        ...(gap ? ["gap"] : []),
      ],
      [own, ...rows],
      style,
    ),
    "",
    style.dim(
      'Distance is ‖θ − θ*‖ from the minimum; "unfitted" settled where the training loss is above 1 % of its first value. Every branch has settled by gradient descent at 1/sharpness before it was read.',
    ),
    ...(branches.length < asked
      ? [style.yellow(`Stopped after ${branches.length} of ${asked} branches.`)]
      : []),
  ].join("\n");
}

const placeCells = (branch: ExploredBranch, gap: boolean): string[] => [
  number(branch.distance),
  ...cells(branch, gap),
];

const cells = ({ sharpness, nonuniformity, loss, gap }: Place, withGap: boolean): string[] => [
  number(sharpness),
  number(nonuniformity),
  number(loss),
  ...(withGap ? [number(gap)] : []),
];
