// One network with what has been compiled from it; every chunk of as many examples shares it.
import type { Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { hoisted } from "../graph/ops";
import type { Chunking } from "./chunks";
import { viewsOf } from "./flat";
import type { Network } from "./network";
import { StagedFunction, StagedPoint, type FunctionParts } from "./stagedFunction";

type Feed = ReadonlyMap<Node, Float32Array>;

export class CompiledNetwork {
  /** Placeholders for a vector of parameters. */
  readonly v: readonly Node[];
  private readonly fixed: readonly Node[];
  private readonly functions = new Map<string, Promise<StagedFunction[]>>();
  /** Those by themselves that are compiled. */
  private readonly done = new Map<string, StagedFunction>();
  private readonly viewed = new WeakMap<Float32Array, { readonly shapes: object; readonly views: Feed }>();

  /** @param staging  See Chunking. */
  constructor(
    private readonly engine: Engine,
    readonly network: Network,
    private readonly staging: Pick<Chunking, "keep" | "windows">,
  ) {
    const { x, y, parameters, buffers, graph } = network;
    this.fixed = [x, y, ...parameters, ...buffers];
    this.v = parameters.map((node, i) => graph.input(`v${i}`, node.shape));
  }

  /** Values in the order x, y, parameters, buffers. */
  point(values: readonly Float32Array[]): StagedPoint {
    return new StagedPoint(new Map(this.fixed.map((node, i) => [node, values[i]])), this.staging.keep);
  }

  /** See `functionsOf`. */
  async function(
    name: string,
    outputs: () => readonly Node[],
    dynamic: readonly Node[],
  ): Promise<StagedFunction> {
    const [own] = await this.functionsOf(name, () => [{ outputs: outputs(), dynamic }]);
    this.done.set(name, own);
    return own;
  }

  /** The function of a name, where it is compiled by now. */
  ready(name: string): StagedFunction | undefined {
    return this.done.get(name);
  }

  /**
   * Compiles functions that share what they stage, once by name. The result is the same bit for bit whatever was compiled before: a
   * resume compiles in another order.
   */
  functionsOf(name: string, parts: () => readonly FunctionParts[]): Promise<readonly StagedFunction[]> {
    let built = this.functions.get(name);
    if (!built) {
      const { keep, windows } = this.staging;
      const own = this.network.graph.aside(() =>
        parts().map(({ outputs, dynamic }) => ({
          outputs: keep > 0 ? hoisted(outputs, dynamic, windows) : outputs,
          dynamic,
        })),
      );
      built = StagedFunction.compile(this.engine, own, this.fixed, keep > 0);
      this.functions.set(name, built);
    }
    return built;
  }

  /** Frees everything compiled: an engine keeps the memory of its largest call for each. */
  async release(): Promise<void> {
    const all = [...this.functions.values()];
    this.functions.clear();
    this.done.clear();
    for (const built of all) await StagedFunction.dispose(await built);
  }

  /** The parts of a flat vector [P] by the placeholder that stands for each; made once for vectors that come again and again. */
  views(flat: Float32Array, shapes: readonly (readonly number[])[]): Feed {
    const known = this.viewed.get(flat);
    if (known?.shapes === shapes) return known.views;
    const own = viewsOf(flat, shapes);
    const views = new Map(this.v.map((node, i) => [node, own[i]]));
    this.viewed.set(flat, { shapes, views });
    return views;
  }
}
