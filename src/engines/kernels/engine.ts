// The small engine: graphs whose arithmetic costs less than one call of a runtime run in Basin's own kernels, in the same thread.
import type { KernelEmitter, KernelValue } from "../../graph/lowering";
import {
  constantOf,
  constantOp,
  fixedOp,
  hasOp,
  reachable,
  sizeOf,
  type Node,
  type Shape,
} from "../../graph/node";
import { matmulOp } from "../../graph/ops/matmul";
import { isRefusal, newMemory } from "../../util/wasm/instance";
import type { Compiled, Engine } from "../engine";
import { kernelsOn, type Kernels } from "./library";

/** Multiplications up to which the kernels win: about what one thread does while a runtime is called once. */
const smallWork = 4e5;

interface Value extends KernelValue {
  /** Byte address. */
  readonly at: number;
}

/** Multiplications of a node, roughly; moving a number counts as one. */
function workOf(node: Node): number {
  const { op, shape, inputs } = node;
  const [a] = inputs;
  if (hasOp(node, matmulOp)) return sizeOf(shape) * a.shape[a.shape.length - (node.attrs.ta ? 2 : 1)];
  return op.name === "reshape" ? 0 : Math.max(sizeOf(shape), sizeOf(a.shape));
}

const isLeaf = (node: Node): boolean => node.op === constantOp || node.op === fixedOp;

/** Whether the small engine runs these outputs faster than a runtime would. */
export function isSmall(inputs: readonly Node[], outputs: readonly Node[]): boolean {
  const given = new Set(inputs);
  let work = 0;
  for (const node of reachable(outputs, given)) {
    if (given.has(node) || isLeaf(node)) continue;
    if (!node.op.kernel) return false;
    work += workOf(node);
    if (work > smallWork) return false;
  }
  return true;
}

/**
 * An engine that runs small graphs in kernels and hands all others on. A call of ONNX Runtime costs some 50 µs whatever it
 * computes, more than a step of the networks that theory is tried on.
 */
export function withKernels(engine: Engine): Engine {
  const notes: string[] = [];
  let allSmall = true;
  return {
    name: engine.name,
    version: `${engine.version} + kernels`,
    notes,
    get isSmall() {
      return allSmall && notes.length === 0;
    },
    compile: (inputs, outputs, seldom) => {
      // What failed once would fail again: WebAssembly asks for more address space than a limit leaves, or is switched off.
      if (notes.length > 0 || !isSmall(inputs, outputs)) {
        allSmall = false;
        return engine.compile(inputs, outputs, seldom);
      }
      try {
        return Promise.resolve(new KernelFunction(inputs, outputs));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        notes.push(
          `Basin's own kernels do not run here (${(error as Error).message.split("\n")[0]}): every graph is computed by ${engine.name}, ` +
            "small ones more slowly.",
        );
        return engine.compile(inputs, outputs, seldom);
      }
    },
  };
}

/** The kernels alone, whatever the size: what tests compare with the other engines. */
export const kernelEngine: Engine = {
  name: "kernels",
  version: "1",
  compile: (inputs, outputs) => Promise.resolve(new KernelFunction(inputs, outputs)),
};

/** One graph laid out in a memory of its own, with the calls that compute it in order. */
class KernelFunction implements Compiled {
  private readonly given: readonly Value[];
  private readonly results: readonly Value[];
  private readonly steps: readonly (() => void)[];
  private readonly inputs: readonly Float32Array[];
  private readonly outputs: readonly Float32Array[];

  constructor(inputs: readonly Node[], outputs: readonly Node[]) {
    const layout = new Layout();
    const values = new Map<Node, Value>(inputs.map((node) => [node, layout.reserve(node.shape)]));
    for (const node of reachable(outputs, new Set(inputs)))
      if (!values.has(node)) values.set(node, layout.lower(node, values));
    this.given = inputs.map((node) => values.get(node)!);
    this.results = outputs.map((node) => values.get(node)!);
    const { steps, heap } = layout.finish();
    this.steps = steps;
    this.inputs = this.given.map((value) => viewOf(heap, value));
    this.outputs = this.results.map((value) => viewOf(heap, value));
  }

  run(
    feeds: readonly Float32Array[],
    into: readonly (Float32Array | undefined)[] = [],
  ): Promise<Float32Array[]> {
    const { inputs, steps, outputs } = this;
    for (let i = 0; i < inputs.length; i++) inputs[i].set(feeds[i]);
    for (let i = 0; i < steps.length; i++) steps[i]();
    const results: Float32Array[] = [];
    for (let i = 0; i < outputs.length; i++) {
      const target = into[i];
      target?.set(outputs[i]);
      results.push(target ?? outputs[i].slice());
    }
    return Promise.resolve(results);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}

const viewOf = (heap: ArrayBuffer, { at, shape }: Value): Float32Array =>
  new Float32Array(heap, at, sizeOf(shape));

/** Every index of a shape in order of memory. */
function* indicesOf(shape: Shape): Generator<number[]> {
  const index = shape.map(() => 0);
  for (let left = sizeOf(shape); left > 0; left--) {
    yield index;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Gives every value a place and every op its calls. Addresses are known at once, memory is made at the end. */
class Layout implements KernelEmitter {
  /** The float at address 0 is the zero that `move` reads. */
  private end = 16;
  private readonly fills: ((heap: ArrayBuffer) => void)[] = [];
  private readonly calls: ((kernels: Kernels, heap: ArrayBuffer) => () => void)[] = [];

  /** Room for a value: whole vectors of four, and one more that kernels may touch. */
  reserve(shape: Shape): Value {
    const at = this.end;
    this.end += 16 * (Math.ceil(sizeOf(shape) / 4) + 1);
    return { at, shape };
  }

  lower(node: Node, values: ReadonlyMap<Node, Value>): Value {
    const constant = constantOf(node);
    const fixed = hasOp(node, fixedOp) ? node.graph.arrays[node.attrs.array] : null;
    if (constant === null && fixed === null)
      return node.op.kernel!(
        this,
        node.inputs.map((input) => values.get(input)!),
        node,
      ) as Value;
    const value = this.reserve(node.shape);
    this.fills.push((heap) => {
      if (fixed) viewOf(heap, value).set(fixed);
      else viewOf(heap, value).fill(constant!);
    });
    return value;
  }

  finish(): { steps: (() => void)[]; heap: ArrayBuffer } {
    const memory = newMemory(this.end + 16);
    const heap = memory.buffer;
    for (const fill of this.fills) fill(heap);
    const kernels = kernelsOn(memory);
    return { steps: this.calls.map((call) => call(kernels, heap)), heap };
  }

  unary(name: Parameters<KernelEmitter["unary"]>[0], x: KernelValue): Value {
    const { at } = x as Value;
    const out = this.reserve(x.shape);
    const n = sizeOf(x.shape);
    this.calls.push(
      ({ [name]: kernel }) =>
        () =>
          kernel(at, out.at, n),
    );
    return out;
  }

  binary(name: Parameters<KernelEmitter["binary"]>[0], a: KernelValue, b: KernelValue, shape: Shape): Value {
    const n = sizeOf(shape);
    const [first, second] = [sizeOf(a.shape) === 1 && n > 1, sizeOf(b.shape) === 1 && n > 1];
    const kind = second ? "Right" : first ? "Left" : "";
    const x = first && !second ? (a as Value) : this.broadcast(a, shape);
    const y = second ? (b as Value) : this.broadcast(b, shape);
    const out = this.reserve(shape);
    this.calls.push(
      ({ [`${name}${kind}` as const]: kernel }) =>
        () =>
          kernel(x.at, y.at, out.at, n),
    );
    return out;
  }

  private broadcast(x: KernelValue, shape: Shape): Value {
    if (sizeOf(x.shape) === sizeOf(shape)) return x as Value;
    const offset = shape.length - x.shape.length;
    return this.rearrange(x, shape, (index) => x.shape.map((d, i) => (d === 1 ? 0 : index[i + offset])));
  }

  sum(x: KernelValue, axes: readonly number[]): Value {
    const { shape } = x;
    const kept = shape.map((d, i) => (axes.includes(i) ? 1 : d));
    // Axes of length 1 are on both sides at once.
    const long = [...shape.keys()].filter((i) => shape[i] > 1);
    const summed = long.filter((i) => axes.includes(i));
    const stay = long.filter((i) => !axes.includes(i));
    const [m, n] = [stay, summed].map((own) => sizeOf(own.map((i) => shape[i])));
    const out = this.reserve(kept);
    const leading = summed.every((i, k) => long[k] === i);
    const trailing = stay.every((i, k) => long[k] === i);
    if (leading && !trailing) {
      const { at } = x as Value;
      this.calls.push(
        ({ sumRows }) =>
          () =>
            sumRows(at, out.at, n, m),
      );
      return out;
    }
    const order = [...stay, ...summed];
    const { at } = trailing
      ? (x as Value)
      : this.rearrange(
          x,
          order.map((i) => shape[i]),
          (index) => shape.map((_, axis) => (order.includes(axis) ? index[order.indexOf(axis)] : 0)),
        );
    this.calls.push(
      ({ sumColumns }) =>
        () =>
          sumColumns(at, out.at, m, n),
    );
    return out;
  }

  matmul(
    a: KernelValue,
    b: KernelValue,
    shape: Shape,
    { ta, tb }: { readonly ta: boolean; readonly tb: boolean },
  ): Value {
    const [x, y] = [ta ? this.turned(a) : (a as Value), tb ? this.turned(b) : (b as Value)];
    const [m, k] = x.shape.slice(-2);
    const n = shape[shape.length - 1];
    const out = this.reserve(shape);
    // A product spills into the next one of its stack, which is written after it.
    for (let i = 0; i < sizeOf(shape.slice(0, -2)); i++) {
      const [p, q, o] = [x.at + 4 * i * m * k, y.at + 4 * i * k * n, out.at + 4 * i * m * n];
      this.calls.push(
        ({ matmul }) =>
          () =>
            matmul(p, q, o, m, n, k),
      );
    }
    return out;
  }

  /** The last two axes exchanged. */
  private turned(x: KernelValue): Value {
    const rank = x.shape.length;
    const [rows, columns] = x.shape.slice(-2);
    const shape = [...x.shape.slice(0, -2), columns, rows];
    if (rows === 1 || columns === 1) return { at: (x as Value).at, shape };
    return this.rearrange(x, shape, (index) => [...index.slice(0, -2), index[rank - 1], index[rank - 2]]);
  }

  reshape(x: KernelValue, shape: Shape): Value {
    return { at: (x as Value).at, shape };
  }

  rearrange(
    x: KernelValue,
    shape: Shape,
    source: (index: readonly number[]) => readonly number[] | null,
  ): Value {
    const { at } = x as Value;
    const addresses: number[] = [];
    for (const index of indicesOf(shape)) {
      const from = source(index);
      addresses.push(
        from === null ? 0 : at + 4 * from.reduce((flat, i, axis) => flat * x.shape[axis] + i, 0),
      );
    }
    const list = this.reserve(shape);
    this.fills.push((heap) => new Int32Array(heap, list.at, addresses.length).set(addresses));
    const out = this.reserve(shape);
    this.calls.push(
      ({ gather }) =>
        () =>
          gather(list.at, out.at, addresses.length),
    );
    return out;
  }

  plain(x: KernelValue, shape: Shape, f: (x: Float32Array, out: Float32Array) => void): Value {
    const out = this.reserve(shape);
    this.calls.push((_, heap) => {
      const [from, to] = [viewOf(heap, x as Value), viewOf(heap, out)];
      return () => f(from, to);
    });
    return out;
  }
}
