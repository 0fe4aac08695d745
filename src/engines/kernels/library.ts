// The kernels of the small engine: loops over float32 arrays in one WebAssembly memory, four floats at a time.
//
// Every array starts at a multiple of 16 bytes and has room for four floats more than it holds: kernels read and write whole
// vectors, and what lies behind the end is never looked at.
import { assemble } from "../../util/wasm/assembler";
import { compileModule, instantiate, type Memory, type Module } from "../../util/wasm/instance";
import {
  advance,
  define,
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  loop,
  set,
  store,
  tee,
  v128,
  type Code,
  type Expr,
  type Local,
  type NewLocal,
  type Stmt,
} from "../../util/wasm/instructions";
import { exponential, hyperbolicTangent, logistic, type Body, type Vector } from "./exponential";

/** Addresses and strides are in bytes, counts in floats. */
export interface Kernels {
  /** o[i] = f(x[i]) */
  readonly neg: (x: number, o: number, n: number) => void;
  readonly reciprocal: Kernels["neg"];
  readonly sqrt: Kernels["neg"];
  readonly relu: Kernels["neg"];
  readonly step: Kernels["neg"];
  readonly exp: Kernels["neg"];
  readonly tanh: Kernels["neg"];
  readonly sigmoid: Kernels["neg"];
  /** o[i] = f(x[i], y[i]) */
  readonly add: (x: number, y: number, o: number, n: number) => void;
  readonly sub: Kernels["add"];
  readonly mul: Kernels["add"];
  readonly div: Kernels["add"];
  /** o[i] = f(x[0], y[i]) */
  readonly addLeft: Kernels["add"];
  readonly subLeft: Kernels["add"];
  readonly mulLeft: Kernels["add"];
  readonly divLeft: Kernels["add"];
  /** o[i] = f(x[i], y[0]) */
  readonly addRight: Kernels["add"];
  readonly subRight: Kernels["add"];
  readonly mulRight: Kernels["add"];
  readonly divRight: Kernels["add"];
  /** o[i] = the float at address index[i]. */
  readonly gather: (index: number, o: number, n: number) => void;
  /** o[j] = Σᵢ x[i, j], x [m, n]; sums in float64. */
  readonly sumRows: (x: number, o: number, m: number, n: number) => void;
  /** o[i] = Σⱼ x[i, j], x [m, n]; sums in float64. */
  readonly sumColumns: (x: number, o: number, m: number, n: number) => void;
  /** o [m, n] = a [m, k] b [k, n] */
  // eslint-disable-next-line max-params -- a WebAssembly function takes numbers alone.
  readonly matmul: (a: number, b: number, o: number, m: number, n: number, k: number) => void;
}

/** The address behind `count` floats from an address. */
const behind = (start: Expr<"i32">, count: Expr<"i32">): Expr<"i32"> =>
  i32.add(start, i32.shl(count, i32.const(2)));

/** o[i] = f(x[i]), with x[i] in a local. */
const unary = (body: Body): Code =>
  define(3, ([x, o, n], newLocal) => {
    const end = newLocal("i32");
    const value = newLocal("v128");
    const result = body(value, newLocal);
    return [
      set(end, behind(x, n)),
      loop(
        i32.ltU(x, end),
        set(value, v128.load(x)),
        ...result.before,
        store(o, result.value),
        advance(x, 16),
        advance(o, 16),
      ),
    ];
  });
const simple = (f: (x: Vector) => Vector): Code => unary((x) => ({ before: [], value: f(x) }));

type Walk = "along" | "first";

/** Operands walk along or stay at their first number. */
const binary = (f: (a: Vector, b: Vector) => Vector, left: Walk, right: Walk): Code =>
  define(4, ([x, y, o, n], newLocal) => {
    const end = newLocal("i32");
    const fixed = newLocal("v128");
    return [
      ...(left === "first" ? [set(fixed, v128.loadSplat(x))] : []),
      ...(right === "first" ? [set(fixed, v128.loadSplat(y))] : []),
      set(end, behind(o, n)),
      loop(
        i32.ltU(o, end),
        store(o, f(left === "along" ? v128.load(x) : fixed, right === "along" ? v128.load(y) : fixed)),
        advance(o, 16),
        ...(left === "along" ? [advance(x, 16)] : []),
        ...(right === "along" ? [advance(y, 16)] : []),
      ),
    ];
  });

/** Adds the four floats of a vector to two sums of two doubles each. */
function accumulator(newLocal: NewLocal) {
  const [lower, upper, value] = [newLocal("v128"), newLocal("v128"), newLocal("v128")];
  return {
    lower,
    upper,
    clear: [set(lower, f32x4.const(0)), set(upper, f32x4.const(0))],
    add: (x: Vector): Stmt[] => [
      set(lower, f64x2.add(f64x2.promote(tee(value, x)), lower)),
      set(upper, f64x2.add(f64x2.promote(f32x4.upper(value)), upper)),
    ],
  };
}

const gather = (): Code =>
  define(3, ([index, o, n], newLocal) => {
    const end = newLocal("i32");
    return [
      set(end, behind(o, n)),
      loop(i32.ltU(o, end), store(o, f32.load(i32.load(index))), advance(index, 4), advance(o, 4)),
    ];
  });

const sumRows = (): Code =>
  define(4, ([x, o, m, n], newLocal) => {
    const [end, stride, row, i] = [newLocal("i32"), newLocal("i32"), newLocal("i32"), newLocal("i32")];
    const sum = accumulator(newLocal);
    return [
      set(end, i32.add(tee(stride, i32.shl(n, i32.const(2))), o)),
      loop(
        i32.ltU(o, end),
        ...sum.clear,
        set(row, x),
        set(i, i32.const(0)),
        loop(i32.ltS(i, m), ...sum.add(v128.load(row)), advance(row, stride), advance(i, 1)),
        store(o, f32x4.joinLower(f32x4.demote(sum.lower), f32x4.demote(sum.upper))),
        advance(x, 16),
        advance(o, 16),
      ),
    ];
  });

const sumColumns = (): Code =>
  define(4, ([x, o, m, n], newLocal) => {
    const [end, lastBlock, i] = [newLocal("i32"), newLocal("i32"), newLocal("i32")];
    const sum = accumulator(newLocal);
    const total = newLocal("f64");
    const { lower, upper } = sum;
    return [
      loop(
        i32.ltS(i, m),
        ...sum.clear,
        set(end, behind(x, n)),
        set(lastBlock, behind(x, i32.and(n, i32.const(-4)))),
        loop(i32.ltU(x, lastBlock), ...sum.add(v128.load(x)), advance(x, 16)),
        set(total, f64.add(f64x2.lane(tee(lower, f64x2.add(lower, upper)), 0), f64x2.lane(lower, 1))),
        loop(i32.ltU(x, end), set(total, f64.add(f64.promote(f32.load(x)), total)), advance(x, 4)),
        store(o, f32.demote(total)),
        advance(o, 4),
        advance(i, 1),
      ),
    ];
  });

/**
 * Four rows by four columns stay in registers; left-over rows go one by one. The last columns of a row spill up to three floats
 * into the next row, so columns go from last to first and rows from first to last: each spill is written over.
 */
const matmul = (): Code =>
  define(6, ([a, b, o, m, n, k], newLocal) => {
    const int = (): Local<"i32"> => newLocal("i32");
    const [widthB, widthA, column, last, left, end, pb] = [int(), int(), int(), int(), int(), int(), int()];
    const block = (rows: number): Stmt[] => {
      const from = Array.from({ length: rows }, int);
      const sums = Array.from({ length: rows }, () => newLocal("v128"));
      const factor = newLocal("v128");
      return [
        set(column, last),
        loop(
          i32.geS(column, i32.const(0)),
          ...from.flatMap((pointer, i) => [
            set(pointer, i === 0 ? a : i32.add(from[i - 1], widthA)),
            set(sums[i], f32x4.const(0)),
          ]),
          set(end, i32.add(a, widthA)),
          set(pb, i32.add(b, column)),
          loop(
            i32.ltU(from[0], end),
            set(factor, v128.load(pb)),
            ...from.flatMap((pointer, i) => [
              set(sums[i], f32x4.add(f32x4.mul(v128.loadSplat(pointer), factor), sums[i])),
              advance(pointer, 4),
            ]),
            advance(pb, widthB),
          ),
          set(pb, i32.add(o, column)),
          ...sums.flatMap((sum) => [store(pb, sum), advance(pb, widthB)]),
          advance(column, -16),
        ),
        advance(a, i32.mul(widthA, i32.const(rows))),
        advance(o, i32.mul(widthB, i32.const(rows))),
        advance(left, -rows),
      ];
    };
    return [
      set(widthB, i32.shl(n, i32.const(2))),
      set(widthA, i32.shl(k, i32.const(2))),
      // Bytes from the start of a row to its last block of four.
      set(last, i32.shl(i32.and(i32.sub(n, i32.const(1)), i32.const(-4)), i32.const(2))),
      set(left, m),
      ...[4, 1].map((rows) => loop(i32.ltS(i32.const(rows - 1), left), ...block(rows))),
    ];
  });

const arithmetic = { add: f32x4.add, sub: f32x4.sub, mul: f32x4.mul, div: f32x4.div };

const bytes = (): Uint8Array<ArrayBuffer> =>
  assemble({
    neg: simple(f32x4.neg),
    reciprocal: simple((x) => f32x4.div(f32x4.const(1), x)),
    sqrt: simple(f32x4.sqrt),
    relu: simple((x) => f32x4.max(x, f32x4.const(0))),
    // 0 for x ≤ 0, 1 for x > 0; NaN stays NaN.
    step: simple((x) =>
      v128.or(v128.and(f32x4.gt(x, f32x4.const(0)), f32x4.const(1)), v128.and(f32x4.ne(x, x), x)),
    ),
    exp: unary(exponential),
    tanh: unary(hyperbolicTangent),
    sigmoid: unary(logistic),
    ...Object.fromEntries(
      Object.entries(arithmetic).flatMap(([name, op]) => [
        [name, binary(op, "along", "along")],
        [`${name}Left`, binary(op, "first", "along")],
        [`${name}Right`, binary(op, "along", "first")],
      ]),
    ),
    gather: gather(),
    sumRows: sumRows(),
    sumColumns: sumColumns(),
    matmul: matmul(),
  });

let compiled: Module | null = null;

/** The kernels on a memory of their own; their code is compiled once. */
export function kernelsOn(memory: Memory): Kernels {
  compiled ??= compileModule(bytes());
  return instantiate(compiled, memory) as Kernels;
}
