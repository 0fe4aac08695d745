// What a layer builds with: named parameters, taps, dropout masks. One pass over the layers makes both the list of parameters and the graph.
import type { Graph, Node } from "../graph/node";
import { reshape } from "../graph/ops";
import { UserError } from "../protocol/errors";
import type { BufferInfo, FirstLayer, Mask, Mode, ParameterInfo, Tap } from "./model";
import type { Init } from "./initialize";

/** Collected while a network is built. */
export class Build {
  readonly parameters: ParameterInfo[] = [];
  readonly nodes: Node[] = [];
  readonly taps: Tap[] = [];
  readonly masks: Mask[] = [];
  readonly buffers: BufferInfo[] = [];
  readonly bufferNodes: Node[] = [];
  readonly statistics: Node[] = [];
  first: FirstLayer | null = null;

  constructor(
    readonly graph: Graph,
    readonly mode: Mode,
    /** Number of outputs the data asks for, K. */
    readonly outputs: number,
  ) {}
}

/** The place of one layer: its name prefix and its key in the experiment, for messages. */
export class Scope {
  constructor(
    readonly build: Build,
    /** Prefix of parameter names, e.g. "3.block.0". */
    readonly name: string,
    /** Key path of the layer, e.g. "model.layers.3". */
    readonly key: string,
  ) {}

  child(name: string, key: string = this.key): Scope {
    return new Scope(this.build, this.name === "" ? name : `${this.name}.${name}`, key);
  }

  /** Declares the next parameter and returns its placeholder. */
  parameter(name: string, shape: readonly number[], init: Init): Node {
    const full = this.name === "" ? name : `${this.name}.${name}`;
    this.build.parameters.push({ name: full, shape, init });
    const node = this.build.graph.input(full, shape);
    this.build.nodes.push(node);
    return node;
  }

  /** Declares a buffer; in `running` mode its placeholder, else `statistic`, by which a training step updates it. */
  buffer(info: BufferInfo, statistic: () => Node): Node {
    const { build } = this;
    build.buffers.push({ ...info, name: `${this.name}.${info.name}` });
    const node =
      build.mode === "running" ? build.graph.input(`${this.name}.${info.name}`, info.shape) : statistic();
    (build.mode === "running" ? build.bufferNodes : build.statistics).push(node);
    return node;
  }

  /** Says how the parameters declared since the last tap act, see model.ts. */
  tap(tap: Tap): void {
    this.build.taps.push(belowReshape(tap));
  }

  /** A user's mistake about this layer. */
  error(message: string, hint?: string): UserError {
    return new UserError([
      { severity: "error", message, hint, from: "check", place: { file: "model", key: this.key } },
    ]);
  }
}

/**
 * A tap whose output is no reshape. The graph makes a reshape of a reshape one node: what follows might pass the outer one by,
 * and its cotangent would be zero.
 */
export function belowReshape(tap: Tap): Tap {
  const { output } = tap;
  if (output.op.name === "broadcast") throw new Error("internal: a tap on what arithmetic reads past");
  if (output.op.name !== "reshape") return tap;
  return {
    ...tap,
    output: output.inputs[0],
    perExample: (delta) => tap.perExample(reshape(delta, output.shape)),
  };
}

/** The shape of one example at a node, in words. */
export const exampleShape = (x: Node): string => `[${x.shape.slice(1).join(", ")}]`;
