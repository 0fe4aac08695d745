// A graph compiled in two parts: what is fixed while θ is fixed runs once, the rest runs per vector.
import type { Compiled, Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { stage } from "../graph/stage";

/** Values of the placeholders at one θ and one set of examples, with what has been computed from them. */
export class StagedPoint {
  readonly staged = new Map<StagedFunction, Float32Array[]>();

  /** @param keep  False where staged values do not fit into memory: they are then computed anew for every product. */
  constructor(
    readonly given: ReadonlyMap<Node, Float32Array>,
    readonly keep: boolean,
  ) {}
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
    let fixed = point.staged.get(this);
    if (!fixed) {
      fixed = this.before
        ? await this.before.run(this.beforeInputs.map((node) => point.given.get(node)!))
        : [];
      if (point.keep) point.staged.set(this, fixed);
    }
    const rest = this.afterInputs.map((node) => dynamic.get(node) ?? point.given.get(node)!);
    return this.after.run([...fixed, ...rest], into);
  }

  async dispose(): Promise<void> {
    await this.before?.dispose();
    await this.after.dispose();
  }
}
