// One network with what has been compiled from it, moved from point to point.
import type { Compiled, Engine } from "../engines/engine";
import type { Node } from "../graph/node";
import { viewsOf } from "./flat";
import type { Network } from "./network";
import { StagedFunction } from "./stagedFunction";

type Built = Promise<StagedFunction>;

export class Side {
  readonly v: readonly Node[];
  private readonly fixed: readonly Node[];
  private point: readonly Float32Array[] = [];
  private readonly functions = new Map<string, Built>();
  private readonly grams = new Map<string, Promise<Compiled>>();

  constructor(
    private readonly engine: Engine,
    readonly network: Network,
  ) {
    const { x, y, parameters, buffers, graph } = network;
    this.fixed = [x, y, ...parameters, ...buffers];
    this.v = parameters.map((node, i) => graph.input(`v${i}`, node.shape));
  }

  setPoint(point: readonly Float32Array[]): void {
    this.point = point;
    for (const built of this.functions.values()) void built.then((f) => f.setPoint(point));
  }

  /** Compiles once by name. */
  function(name: string, outputs: () => readonly Node[], dynamic: readonly Node[]): Built {
    let built = this.functions.get(name);
    if (!built) {
      built = StagedFunction.compile(this.engine, outputs(), this.fixed, dynamic).then((f) => {
        f.setPoint(this.point);
        return f;
      });
      this.functions.set(name, built);
    }
    return built;
  }

  gram(taps: readonly number[], compile: () => Promise<Compiled>): Promise<Compiled> {
    const key = taps.join();
    let built = this.grams.get(key);
    if (!built) this.grams.set(key, (built = compile()));
    return built;
  }

  /** The parts of a flat vector [P] by the placeholder that stands for each. */
  views(flat: Float32Array, shapes: readonly (readonly number[])[]): Map<Node, Float32Array> {
    const views = viewsOf(flat, shapes);
    return new Map(this.v.map((node, i) => [node, views[i]]));
  }
}
