// A graph compiled in two parts: what is fixed while θ is fixed runs once, the rest runs per vector.
import type { Compiled, Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { stage } from "../graph/stage";

/** How many functions keep their staged values at a point at most: what one reading alternates between. */
export const stagedFunctions = 3;

/** Values of the placeholders at one θ and one set of examples, with what has been computed from them. */
export class StagedPoint {
  private readonly staged = new Map<StagedFunction, Float32Array[]>();

  /** @param keep  Functions whose staged values fit into memory; without, they are computed anew for every product. */
  constructor(
    readonly given: ReadonlyMap<Node, Float32Array>,
    private readonly keep: number = stagedFunctions,
  ) {}

  /** What a function has staged here; computed where it is not kept. The functions used last are kept. */
  async valuesFor(of: StagedFunction, compute: () => Promise<Float32Array[]>): Promise<Float32Array[]> {
    const { staged } = this;
    const values = staged.get(of) ?? (await compute());
    if (this.keep === 0) return values;
    staged.delete(of);
    staged.set(of, values);
    const [oldest] = staged.keys();
    if (staged.size > this.keep) staged.delete(oldest);
    return values;
  }

  /** Frees what is kept; it is computed again when it is asked for. */
  forget(): void {
    this.staged.clear();
  }
}

export class StagedFunction {
  private constructor(
    private readonly before: Compiled | null,
    private readonly after: Compiled,
    private readonly beforeInputs: readonly Node[],
    private readonly afterInputs: readonly Node[],
  ) {}

  /** Compiles `outputs`, which read the placeholders `fixed` (data, θ) and `dynamic` (vectors). */
  static async compile(
    engine: Engine,
    outputs: readonly Node[],
    fixed: readonly Node[],
    dynamic: readonly Node[],
  ): Promise<StagedFunction> {
    const { frontier, inputs } = stage(outputs, dynamic);
    const before = frontier.length > 0 ? await engine.compile(fixed, frontier) : null;
    const after = await engine.compile([...frontier, ...inputs], outputs);
    return new StagedFunction(before, after, fixed, inputs);
  }

  /** The arrays of `point` are read at every call: do not change them between. */
  async run(
    point: StagedPoint,
    dynamic: ReadonlyMap<Node, Float32Array>,
    into?: readonly (Float32Array | undefined)[],
  ): Promise<Float32Array[]> {
    const { before } = this;
    const fixed =
      before === null
        ? []
        : await point.valuesFor(this, () =>
            before.run(this.beforeInputs.map((node) => point.given.get(node)!)),
          );
    const rest = this.afterInputs.map((node) => dynamic.get(node) ?? point.given.get(node)!);
    return this.after.run([...fixed, ...rest], into);
  }

  async dispose(): Promise<void> {
    await this.before?.dispose();
    await this.after.dispose();
  }
}
