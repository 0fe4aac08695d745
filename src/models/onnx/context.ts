// What the builders of ONNX ops are given: the node, and how the parameters it uses act, with their taps.
import { vjp } from "../../graph/differentiate";
import { sizeOf, type Node } from "../../graph/node";
import { broadcastTo, reshape, sum, transpose } from "../../graph/ops";
import type { Tap } from "../model";
import { belowReshape } from "../scope";
import { NodeReader } from "./reader";
import { data, type ParameterValue, type Value } from "./values";

/** f(x, p) element by element. */
export interface Elementwise {
  readonly x: Node;
  /** Axis of x that counts the examples. */
  readonly batch: number;
  readonly parameter: ParameterValue;
  readonly f: (x: Node, p: Node) => Node;
  /** Shape in which f spreads p over x. */
  readonly shape: readonly number[];
}

/** One ONNX node while it is being built. */
export class OpContext extends NodeReader {
  /** Whether a parameter has a copy for each example, which its users must take instead. */
  shares(parameter: ParameterValue): boolean {
    return this.build.choices.shared.has(parameter.name);
  }

  /** Declares a parameter at its one use and returns its node. */
  use(parameter: ParameterValue): Node {
    const { uses } = this.build;
    const before = uses.get(parameter.name) ?? 0;
    uses.set(parameter.name, before + 1);
    if (before > 0 && !this.build.searching)
      throw this.error(
        `parameter ${parameter.name} is used a second time in a way that cannot be shared.`,
        "Give each layer its own, or list it in model.freeze.",
      );
    if (before === 0) this.declare(parameter);
    return parameter.node;
  }

  private declare({ name, own, values }: ParameterValue): Node {
    const { parameters, nodes } = this.build;
    parameters.push({ name, shape: own, init: { kind: "values", values } });
    const node = this.graph.input(name, own);
    nodes.push(node);
    return node;
  }

  /**
   * A shared parameter as [n, …]: one copy per example, so that the gradients of all uses meet in it. Costs n times its memory.
   */
  copies(parameter: ParameterValue): Node {
    const { build } = this;
    let copy = build.copies.get(parameter.name);
    if (!copy) {
      const size = sizeOf(parameter.own);
      // With an axis more than anything reads it: what reads a broadcast as it stands passes it by, and its cotangent would be zero.
      const wide = broadcastTo(reshape(this.declare(parameter), [1, 1, size]), [1, build.n, size]);
      copy = reshape(wide, [build.n, ...parameter.own]);
      build.copies.set(parameter.name, copy);
      this.tap({ output: copy, perExample: (delta) => reshape(delta, [build.n, size]) });
    }
    return parameter.forth(copy);
  }

  /** Says how the parameters used since the last tap act, see model.ts. */
  tap(tap: Tap): void {
    this.build.taps.push(belowReshape(tap));
  }

  /** Undoes the parameter's rearranging and flattens: [n, …] → [n, size]. */
  flatBack(parameter: ParameterValue, perExample: Node): Node {
    return reshape(parameter.back(perExample), [perExample.shape[0], sizeOf(parameter.own)]);
  }

  /** The examples first: the axis order that does that, for a value with `rank` axes. */
  front(node: Node, batch: number): Node {
    const rest = node.shape.map((_, i) => i).filter((i) => i !== batch);
    return transpose(node, [batch, ...rest]);
  }

  /** f(input, p) element by element, p a parameter. */
  elementwise(dataAt: number, parameter: ParameterValue, f: (x: Node, p: Node) => Node): Value {
    const { node, batch, back } = this.examples(dataAt);
    return data(back(this.elementwiseOn({ x: node, batch, parameter, f, shape: parameter.node.shape })));
  }

  /**
   * Per-example gradients: the cotangent of p spread over the whole output, summed over every axis but the examples' along
   * which p was spread.
   */
  elementwiseOn(given: Elementwise): Node {
    const { x, batch, parameter, f, shape } = given;
    if (this.shares(parameter)) return this.elementwiseShared(given);
    const p = reshape(this.use(parameter), shape);
    const output = f(x, p);
    const axis = batch + output.shape.length - x.shape.length;
    const aligned = [...output.shape.map(() => 1).slice(shape.length), ...shape];
    this.tap({
      output,
      perExample: (delta) => {
        // An axis more, as in `copies`.
        const wide = broadcastTo(p, [1, ...output.shape]);
        const [kept] = vjp([f(x, reshape(wide, output.shape))], [delta], [wide]);
        const full = reshape(kept, output.shape);
        const spread = aligned.flatMap((d, i) => (d === 1 && i !== axis ? [i] : []));
        const own = this.front(spread.length > 0 ? sum(full, spread) : full, axis);
        return this.flatBack(parameter, reshape(own, [output.shape[axis], ...parameter.node.shape]));
      },
    });
    return output;
  }

  /** The same with a copy of p for each example, its axis put where that of x is. */
  private elementwiseShared({ x, batch, parameter, f, shape }: Elementwise): Node {
    const rank = Math.max(x.shape.length, shape.length);
    const axis = batch + rank - x.shape.length;
    const aligned = [...Array.from({ length: rank - shape.length }, () => 1), ...shape];
    if (aligned[axis] !== 1) throw this.error(`parameter ${parameter.name} differs from example to example.`);
    const rest = aligned.filter((_, i) => i !== axis);
    const front = reshape(this.copies(parameter), [this.build.n, ...rest]);
    const order = Array.from({ length: rank }, (_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
    return f(x, transpose(front, order));
  }
}
