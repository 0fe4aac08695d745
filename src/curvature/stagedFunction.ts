// A graph compiled in two parts: what is fixed while θ is fixed runs once, the rest runs per vector.
import type { Compiled, Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { stage } from "../graph/stage";

export class StagedFunction {
  private constructor(
    private readonly before: Compiled | null,
    private readonly after: Compiled,
    private readonly beforeInputs: readonly Node[],
    private readonly afterInputs: readonly Node[],
  ) {}

  private fixed: Float32Array[] | null = null;
  private given = new Map<Node, Float32Array>();

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

  /** Forgets what was computed at an earlier θ. The arrays are read now and at every `run`: do not change them between. */
  setPoint(values: readonly Float32Array[]): void {
    this.beforeInputs.forEach((node, i) => this.given.set(node, values[i]));
    this.fixed = null;
  }

  async run(
    dynamic: ReadonlyMap<Node, Float32Array>,
    into?: readonly (Float32Array | undefined)[],
  ): Promise<Float32Array[]> {
    this.fixed ??= this.before
      ? await this.before.run(this.beforeInputs.map((node) => this.given.get(node)!))
      : [];
    const rest = this.afterInputs.map((node) => dynamic.get(node) ?? this.given.get(node)!);
    return this.after.run([...this.fixed, ...rest], into);
  }

  async dispose(): Promise<void> {
    await this.before?.dispose();
    await this.after.dispose();
  }
}
