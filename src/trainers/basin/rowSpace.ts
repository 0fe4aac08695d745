// A wide first layer z = W₁x + b₁ in fewer coordinates: of W₁ the loss sees what lies in the examples' row space, of x what lies in W₁'s.
import { buildNetwork } from "../../curvature/buildNetwork";
import { totalSize, viewsOf } from "../../curvature/flat";
import type { NetworkParts } from "../../curvature/network";
import type { Split } from "../../data/dataset";
import type { Engine } from "../../engines/engine";
import { Graph, sameShape } from "../../graph/node";
import { matmul } from "../../graph/ops";
import type { Gemm } from "../../util/gemm";
import { rowBasis } from "../../util/linalg/rowBasis";

/** Share of the parameters, or inputs, that has to remain at most: rotating them costs about a product a reading. */
const worthwhile = 2 / 3;

/** The same loss on the same examples, with x and W₁ in coordinates of an orthonormal basis Q of some of the inputs' directions. */
export interface Narrowed {
  /** The network for examples of that width. */
  readonly parts: NetworkParts;
  /** XQᵀ, [n, rank]. */
  readonly x: Float32Array;
  /** θ with W₁Qᵀ in the place of W₁. Costs rank multiplications for each entry of W₁. */
  readonly restrict: (theta: Float32Array) => Promise<Float32Array>;
}

export interface Wide {
  readonly engine: Engine;
  readonly parts: NetworkParts;
  readonly examples: Pick<Split, "n" | "x">;
  /** The same network for examples of another width; null where it is none of Basin's own. */
  readonly narrowed: (inputs: number) => NetworkParts | null;
}

/** A network whose first layer may be narrowed. */
export class WideFirstLayer {
  private readonly shapes: readonly (readonly number[])[];
  private readonly rotations = new Map<
    string,
    (rows: Float32Array, basis: Float32Array) => Promise<Float32Array>
  >();

  private constructor(
    private readonly wide: Wide,
    /** Index of W₁ among the parameters. */
    private readonly weight: number,
  ) {
    this.shapes = wide.parts.model.parameters.map(({ shape }) => shape);
  }

  /** Null where the first layer is none, or something else looks at the inputs too. */
  static of(wide: Wide): WideFirstLayer | null {
    const { first } = buildNetwork(wide.parts, wide.examples.n);
    return first && new WideFirstLayer(wide, first.weight);
  }

  /** [units, inputs] of W₁. */
  private get size(): readonly number[] {
    return this.shapes[this.weight];
  }

  /**
   * By the row space of the examples: with R the restriction, RRᵀ = 1, it is ∇L = Rᵀ∇L′ and H = RᵀH′R, and so for every example. So H
   * has the eigenvalues of H′, and 0 as often as parameters are missing. Null where few would be.
   */
  async byExamples(gemm: Gemm): Promise<Narrowed | null> {
    const { n, x } = this.wide.examples;
    const [units, inputs] = this.size;
    const all = totalSize(this.shapes);
    const saves = (rank: number): boolean => all - units * (inputs - rank) <= worthwhile * all;
    if (!saves(n)) return null;
    const found = await rowBasis(Float64Array.from(x), { rows: n, columns: inputs }, gemm);
    if (!found || !saves(found.rank)) return null;
    return this.narrowed(found.rank, Float32Array.from(found.basis), Float32Array.from(found.coordinates));
  }

  /**
   * By the row space of W₁ at θ: the outputs react to no other change of an input, so that their derivatives by it have the same lengths
   * here. Null where few inputs would be saved.
   */
  async byWeights(theta: Float32Array, gemm: Gemm): Promise<Narrowed | null> {
    const [units, inputs] = this.size;
    if (units > worthwhile * inputs) return null;
    const own = Float64Array.from(viewsOf(theta, this.shapes)[this.weight]);
    const found = await rowBasis(own, { rows: units, columns: inputs }, gemm);
    if (!found || found.rank === 0) return null;
    const basis = Float32Array.from(found.basis);
    const { n, x } = this.wide.examples;
    return this.narrowed(found.rank, basis, await this.rotate(x, [n, inputs], basis));
  }

  private narrowed(rank: number, basis: Float32Array, x: Float32Array): Narrowed | null {
    const { weight, shapes } = this;
    const parts = this.wide.narrowed(rank);
    const own = shapes.map((shape, i) => (i === weight ? [shape[0], rank] : shape));
    if (!parts?.model.parameters.every(({ shape }, i) => sameShape(shape, own[i]))) return null;
    return {
      parts,
      x,
      restrict: async (theta) => {
        const seen = new Float32Array(totalSize(own));
        const [into, from] = [viewsOf(seen, own), viewsOf(theta, shapes)];
        for (let i = 0; i < shapes.length; i++) if (i !== weight) into[i].set(from[i]);
        into[weight].set(await this.rotate(from[weight], shapes[weight], basis));
        return seen;
      },
    };
  }

  /** AQᵀ of A [rows, columns] and Q [rank, columns], by a function compiled once for their shapes. */
  private async rotate(
    rows: Float32Array,
    [m, columns]: readonly number[],
    basis: Float32Array,
  ): Promise<Float32Array> {
    const rank = basis.length / columns;
    const key = `${m} ${rank}`;
    let rotation = this.rotations.get(key);
    if (!rotation) {
      const graph = new Graph();
      const [a, q] = [graph.input("a", [m, columns]), graph.input("q", [rank, columns])];
      const compiled = this.wide.engine.compile([a, q], [matmul(a, q, { tb: true })]);
      rotation = async (...feeds) => (await (await compiled).run(feeds))[0];
      this.rotations.set(key, rotation);
    }
    return rotation(rows, basis);
  }
}
