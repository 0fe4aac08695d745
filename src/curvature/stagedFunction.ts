// A graph compiled in two parts: what is fixed while θ is fixed runs once, the rest runs per vector.
import type { Compiled, Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { stage, unstaged } from "../graph/stage";

/** How many functions keep their staged values at a point at most: what one reading alternates between. */
export const stagedFunctions = 3;

/** What functions compiled together compute once a point: everything fixed that any of them reads. */
interface Staging {
  /** Null where there is nothing to compute. */
  readonly compiled: Compiled | null;
  readonly inputs: readonly Node[];
}

/** Values of the placeholders at one θ and one set of examples, with what has been computed from them. */
export class StagedPoint {
  private readonly staged = new Map<Staging, Float32Array[]>();
  /** Where values of a time before stood, which are written over. */
  private readonly spare = new Map<Staging, Float32Array[]>();

  /** @param keep  Stagings whose values fit into memory. */
  constructor(
    readonly given: ReadonlyMap<Node, Float32Array>,
    private readonly keep: number = stagedFunctions,
  ) {}

  /** The values of a staging where it is the only one that is kept, or has nothing to compute. */
  keptFor(of: Staging): Float32Array[] | undefined {
    if (of.compiled === null) return [];
    return this.staged.size === 1 ? this.staged.get(of) : undefined;
  }

  /** The values of a staging here; computed where they are not kept. Those used last are kept. */
  async valuesFor(of: Staging): Promise<Float32Array[]> {
    const { compiled, inputs } = of;
    if (compiled === null) return [];
    const { staged } = this;
    let values = staged.get(of);
    if (!values) {
      const given = inputs.map((node) => this.given.get(node)!);
      values = await compiled.run(given, this.spare.get(of));
    }
    staged.delete(of);
    staged.set(of, values);
    const [oldest] = staged.keys();
    if (staged.size > this.keep) staged.delete(oldest);
    return values;
  }

  /** Frees what is kept; it is computed again when it is asked for. */
  forget(): void {
    this.staged.clear();
    this.spare.clear();
  }

  /** What is given has changed: everything is computed again, into the same arrays. */
  renew(): void {
    for (const [of, values] of this.staged) this.spare.set(of, values);
    this.staged.clear();
  }
}

/** Outputs that read the placeholders `dynamic` (vectors) beside those that are fixed (data, θ). */
export interface FunctionParts {
  readonly outputs: readonly Node[];
  readonly dynamic: readonly Node[];
}

export class StagedFunction {
  private constructor(
    private readonly staging: Staging,
    /** Which of the staged values it reads. */
    private readonly own: readonly number[],
    private readonly after: Compiled,
    private readonly inputs: readonly Node[],
  ) {}

  /**
   * Compiles functions of the placeholders `fixed` that share what they stage: it is computed and kept once for all of them.
   * @param stages  Whether they stage anything: what is not kept is computed sooner on the way.
   */
  static async compile(
    engine: Engine,
    parts: readonly FunctionParts[],
    fixed: readonly Node[],
    stages = true,
  ): Promise<StagedFunction[]> {
    const staged = parts.map(({ outputs, dynamic }) =>
      stages ? stage(outputs, dynamic) : unstaged(outputs),
    );
    const frontier = [...new Set(staged.flatMap((one) => one.frontier))];
    const compiled = frontier.length > 0 ? await engine.compile(fixed, frontier, true) : null;
    const staging = { compiled, inputs: fixed };
    const functions: StagedFunction[] = [];
    for (const [i, one] of staged.entries()) {
      const after = await engine.compile([...one.frontier, ...one.inputs], parts[i].outputs);
      const own = one.frontier.map((node) => frontier.indexOf(node));
      functions.push(new StagedFunction(staging, own, after, one.inputs));
    }
    return functions;
  }

  /** The arrays of `point` are read at every call: do not change them between. */
  async run(
    point: StagedPoint,
    dynamic: ReadonlyMap<Node, Float32Array>,
    into?: readonly (Float32Array | undefined)[],
  ): Promise<Float32Array[]> {
    const values = point.keptFor(this.staging) ?? (await point.valuesFor(this.staging));
    const feeds: Float32Array[] = [];
    for (const i of this.own) feeds.push(values[i]);
    for (const node of this.inputs) feeds.push(dynamic.get(node) ?? point.given.get(node)!);
    return this.after.run(feeds, into);
  }

  /** Frees functions that were compiled together. */
  static async dispose(functions: readonly StagedFunction[]): Promise<void> {
    await functions.at(0)?.staging.compiled?.dispose();
    for (const { after } of functions) await after.dispose();
  }
}
