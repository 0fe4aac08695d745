// Units that a ReLU has switched off for every training example: they and what lies before them learn nothing any more.
import { reachable, type Node } from "../graph/node";
import { sum } from "../graph/ops";
import type { CompiledNetwork } from "./compiledNetwork";
import type { CurvaturePoint } from "./curvaturePoint";

export interface DeadUnits {
  readonly dead: number;
  /** Units behind a ReLU in all. */
  readonly of: number;
}

/** Features of [n, …]: channels of images, else the last axis. */
const featureAxis = ({ shape }: Node): number => (shape.length === 4 ? 1 : shape.length - 1);

const switches = (output: Node): Node[] =>
  reachable([output]).filter(({ op, shape }) => op.name === "relu" && shape.length >= 2);

/** Sum of each unit's output over examples and positions, one node [units] a ReLU. */
const activity = ({ network: { output } }: CompiledNetwork): Node[] =>
  switches(output).map((node) =>
    sum(
      node,
      [...node.shape.keys()].filter((axis) => axis !== featureAxis(node)),
    ),
  );

/** Counts the units that give 0 for every example. One forward pass. */
export async function deadUnits({ fullBatch }: CurvaturePoint): Promise<DeadUnits> {
  if (switches(fullBatch.network.output).length === 0) return { dead: 0, of: 0 };
  const totals: Float64Array[] = [];
  await fullBatch.forEach(
    "deadUnits",
    activity,
    () => new Map(),
    (layers) =>
      layers.forEach((layer, l) => {
        const total = (totals[l] ??= new Float64Array(layer.length));
        layer.forEach((value, i) => (total[i] += value));
      }),
  );
  const units = totals.flatMap((total) => [...total]);
  return { dead: units.filter((value) => value === 0).length, of: units.length };
}
