// A wide first layer as its examples see it: z = W₁x + b₁ depends on W₁ through the row space of the examples alone.
import { viewsOf, totalSize } from "../../curvature/flat";
import { buildNetwork } from "../../curvature/buildNetwork";
import type { Network, NetworkParts } from "../../curvature/network";
import type { Split } from "../../data/dataset";
import type { Compiled, Engine } from "../../engines/engine";
import { Graph, inputOp, reachable, sameShape, sizeOf, type Node } from "../../graph/node";
import { matmul } from "../../graph/ops";
import type { Gemm } from "../../util/gemm";
import { rowBasis } from "../../util/linalg/rowBasis";

/** Share of the parameters that has to remain at most: rotating costs about a product a reading. */
const worthwhile = 2 / 3;

/**
 * The same loss on the same examples as a function of fewer parameters, θ′ = Rθ with RRᵀ = 1: ∇L = Rᵀ∇L′ and H = RᵀH′R, and so for
 * every example. So H has the eigenvalues of H′, and 0 as often as parameters are missing.
 */
export interface RowSpace {
  /** The network with examples in coordinates of their row space. */
  readonly parts: NetworkParts;
  /** Those coordinates, [n, rank]. */
  readonly x: Float32Array;
  /** Rθ [d′] of θ [d]. Costs rank · rows · columns multiplications for W₁ [rows, columns]. */
  readonly restrict: (theta: Float32Array) => Promise<Float32Array>;
}

interface Wide {
  readonly engine: Engine;
  readonly parts: NetworkParts;
  /** The examples, of which there are fewer than inputs. */
  readonly examples: Pick<Split, "n" | "x">;
  /** The same network for examples of another width; null where it is none of Basin's own. */
  readonly narrowed: (inputs: number) => NetworkParts | null;
}

/** Null where the network has no such first layer, or few parameters would be saved. */
export async function rowSpaceOf(
  { engine, parts, examples: { n, x }, narrowed }: Wide,
  gemm: Gemm,
): Promise<RowSpace | null> {
  const shapes = parts.model.parameters.map(({ shape }) => shape);
  const weight = firstWeight(buildNetwork(parts, n));
  if (weight === null || !isWorthwhile(shapes, weight, n)) return null;
  const [rows, columns] = shapes[weight];
  const found = await rowBasis(Float64Array.from(x), { rows: n, columns }, gemm);
  if (!found || !isWorthwhile(shapes, weight, found.rank)) return null;
  const { rank } = found;
  const own = narrowed(rank);
  const ownShapes = shapes.map((shape, i) => (i === weight ? [rows, rank] : shape));
  if (!own?.model.parameters.every(({ shape }, i) => sameShape(shape, ownShapes[i]))) return null;
  const basis = Float32Array.from(found.basis);
  let rotation: Promise<Compiled> | null = null;
  return {
    parts: own,
    x: Float32Array.from(found.coordinates),
    restrict: async (theta) => {
      rotation ??= compileRotation(engine, shapes[weight], rank);
      const seen = new Float32Array(totalSize(ownShapes));
      const into = viewsOf(seen, ownShapes);
      const from = viewsOf(theta, shapes);
      for (let i = 0; i < shapes.length; i++) if (i !== weight) into[i].set(from[i]);
      await (await rotation).run([from[weight], basis], [into[weight]]);
      return seen;
    },
  };
}

/** W₁Qᵀ. */
function compileRotation(
  engine: Engine,
  [rows, columns]: readonly number[],
  rank: number,
): Promise<Compiled> {
  const graph = new Graph();
  const [w, q] = [graph.input("w", [rows, columns]), graph.input("q", [rank, columns])];
  return engine.compile([w, q], [matmul(w, q, { tb: true })]);
}

/** Whether a first weight of `rank` columns leaves few enough parameters. */
function isWorthwhile(shapes: readonly (readonly number[])[], weight: number, rank: number): boolean {
  const [rows, columns] = shapes[weight];
  const all = totalSize(shapes);
  return all - rows * (columns - rank) <= worthwhile * all;
}

/** Index of the parameter that multiplies the examples, where nothing else in the network sees them; else null. */
function firstWeight({ first, x, parameters, perExample }: Network): number | null {
  if (!first) return null;
  const weight = parameters[first.weight];
  const sees = (node: Node): boolean => node === x || (node.op.name === "reshape" && sees(node.inputs[0]));
  const readers = reachable([perExample]).filter(
    ({ op, inputs }) => op !== inputOp && op.name !== "reshape" && inputs.some(sees),
  );
  return readers.length === 1 && readers[0].inputs.includes(weight) && sizeOf(weight.shape) > 0
    ? first.weight
    : null;
}
