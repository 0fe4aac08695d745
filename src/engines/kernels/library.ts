// The kernels of the small engine: loops over float32 arrays in one WebAssembly memory, four floats at a time.
//
// Every array starts at a multiple of 16 bytes and has room for four floats more than it holds: kernels read and write whole
// vectors, and what lies behind the end is never looked at.
import { assemble, Code, type Instruction } from "../../util/wasm/assembler";
import { compileModule, instantiate, type Memory, type Module } from "../../util/wasm/instance";

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
  readonly matmul: (a: number, b: number, o: number, m: number, n: number, k: number) => void;
}

type Body = (code: Code, x: number) => void;

/** x in a local, f(x) left on the stack. */
const unary = (body: Body): Code => {
  const code = new Code(["i32", "i32", "i32"]);
  const [x, o, n] = [0, 1, 2];
  const end = code.local("i32");
  const value = code.local("v128");
  code.get(x, n).i32(2).op("i32.shl", "i32.add").set(end);
  return code.while(
    () => code.get(x, end).op("i32.lt_u"),
    () => {
      code.get(x).load("v128").set(value);
      code.get(o);
      body(code, value);
      code.store("v128").advance(x, 16).advance(o, 16);
    },
  );
};

/** Operands walk along or stay at their first number. */
const binary = (op: Instruction, left: "each" | "first", right: "each" | "first"): Code => {
  const code = new Code(["i32", "i32", "i32", "i32"]);
  const [x, y, o, n] = [0, 1, 2, 3];
  const end = code.local("i32");
  const fixed = code.local("v128");
  if (left === "first") code.get(x).load("splat").set(fixed);
  if (right === "first") code.get(y).load("splat").set(fixed);
  code.get(o, n).i32(2).op("i32.shl", "i32.add").set(end);
  return code.while(
    () => code.get(o, end).op("i32.lt_u"),
    () => {
      code.get(o);
      if (left === "each") code.get(x).load("v128");
      else code.get(fixed);
      if (right === "each") code.get(y).load("v128");
      else code.get(fixed);
      code.op(op).store("v128").advance(o, 16);
      if (left === "each") code.advance(x, 16);
      if (right === "each") code.advance(y, 16);
    },
  );
};

/** 2^n as a float, for whole n in [−126, 127]: the exponent's own bits. */
const powerOfTwo = (code: Code, n: number): Code => {
  code.get(n).integers(127).op("i32x4.add").i32(23);
  return code.shiftLeft();
};

/**
 * Splits a = n ln 2 + r with |r| ≤ ½ ln 2 and leaves e^r − 1 on the stack, n as whole numbers in the local it returns.
 * Taylor's series to r⁷: the next term is below 1.5e-8 of the sum. ln 2 in two parts keeps r exact.
 */
const reducedExponential = (code: Code, a: number): number => {
  const n = code.local("v128");
  const r = code.local("v128");
  code.get(a).floats(Math.LOG2E).op("f32x4.mul", "f32x4.nearest").set(n);
  const high = 355 / 512;
  code.get(a, n).floats(high).op("f32x4.mul", "f32x4.sub");
  code
    .get(n)
    .floats(Math.LN2 - high)
    .op("f32x4.mul", "f32x4.sub")
    .set(r);
  code.get(n).op("i32x4.trunc_sat_f32x4_s").set(n);
  code.floats(1 / 5040);
  for (const c of [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2])
    code.get(r).op("f32x4.mul").floats(c).op("f32x4.add");
  code.get(r).op("f32x4.mul").get(r).op("f32x4.mul").get(r).op("f32x4.add");
  return n;
};

/** e^x, from the local x. Two factors of 2^(n/2) reach infinity and the subnormal numbers. */
const exponential: Body = (code, x) => {
  const a = code.local("v128");
  const half = code.local("v128");
  code.get(x).floats(-104).op("f32x4.max").floats(89).op("f32x4.min").set(a);
  const n = reducedExponential(code, a);
  code.floats(1).op("f32x4.add");
  code.get(n).i32(1);
  code.shiftRightSigned().set(half);
  powerOfTwo(code, half).op("f32x4.mul");
  code.get(n, half).op("i32x4.sub").set(n);
  powerOfTwo(code, n).op("f32x4.mul");
};

/** tanh |x| = t/(t + 2) with t = e^{2|x|} − 1, exact to rounding for small x too; then the sign of x. Beyond 10 it is 1. */
const hyperbolicTangent: Body = (code, x) => {
  const a = code.local("v128");
  const s = code.local("v128");
  const t = code.local("v128");
  code.get(x).op("f32x4.abs").floats(2).op("f32x4.mul").floats(20).op("f32x4.min").set(a);
  const n = reducedExponential(code, a);
  powerOfTwo(code, n).tee(s).op("f32x4.mul");
  code.get(s).floats(1).op("f32x4.sub", "f32x4.add").tee(t);
  code.get(t).floats(2).op("f32x4.add", "f32x4.div");
  code.get(x).floats(-0).op("v128.and", "v128.or");
};

/** With e = e^{−|x|}: 1/(1 + e) for x ≥ 0, e/(1 + e) below, so that neither end overflows. */
const logistic: Body = (code, x) => {
  const e = code.local("v128");
  code.get(x).op("f32x4.abs", "f32x4.neg").set(e);
  exponential(code, e);
  code.tee(e).floats(1).get(x).floats(0).op("f32x4.lt", "v128.bitselect");
  code.get(e).floats(1).op("f32x4.add", "f32x4.div");
};

/** Adds the four floats of a vector on the stack to two locals of two doubles each. */
const accumulate = (code: Code, lower: number, upper: number, value: number): void => {
  code.tee(value).op("f64x2.promote_low_f32x4").get(lower).op("f64x2.add").set(lower);
  code.get(value, value).upper().op("f64x2.promote_low_f32x4").get(upper).op("f64x2.add").set(upper);
};

const gather = (): Code => {
  const code = new Code(["i32", "i32", "i32"]);
  const [index, o, n] = [0, 1, 2];
  const end = code.local("i32");
  code.get(o, n).i32(2).op("i32.shl", "i32.add").set(end);
  return code.while(
    () => code.get(o, end).op("i32.lt_u"),
    () => {
      code.get(o, index).load("i32").load("f32").store("f32");
      code.advance(index, 4).advance(o, 4);
    },
  );
};

const sumRows = (): Code => {
  const code = new Code(["i32", "i32", "i32", "i32"]);
  const [x, o, m, n] = [0, 1, 2, 3];
  const [end, stride, row, i] = [code.local("i32"), code.local("i32"), code.local("i32"), code.local("i32")];
  const [lower, upper, value] = [code.local("v128"), code.local("v128"), code.local("v128")];
  code.get(n).i32(2).op("i32.shl").tee(stride).get(o).op("i32.add").set(end);
  return code.while(
    () => code.get(o, end).op("i32.lt_u"),
    () => {
      code.floats(0).set(lower).floats(0).set(upper);
      code.get(x).set(row).i32(0).set(i);
      code.while(
        () => code.get(i, m).op("i32.lt_s"),
        () => {
          code.get(row).load("v128");
          accumulate(code, lower, upper, value);
          code.advance(row, () => code.get(stride)).advance(i, 1);
        },
      );
      code.get(o, lower).op("f32x4.demote_f64x2_zero").get(upper).op("f32x4.demote_f64x2_zero").joinLower();
      code.store("v128").advance(x, 16).advance(o, 16);
    },
  );
};

const sumColumns = (): Code => {
  const code = new Code(["i32", "i32", "i32", "i32"]);
  const [x, o, m, n] = [0, 1, 2, 3];
  const [end, whole, i] = [code.local("i32"), code.local("i32"), code.local("i32")];
  const [lower, upper, value] = [code.local("v128"), code.local("v128"), code.local("v128")];
  const total = code.local("f64");
  return code.while(
    () => code.get(i, m).op("i32.lt_s"),
    () => {
      code.floats(0).set(lower).floats(0).set(upper);
      code.get(x, n).i32(2).op("i32.shl", "i32.add").set(end);
      code.get(x, n).i32(-4).op("i32.and").i32(2).op("i32.shl", "i32.add").set(whole);
      code.while(
        () => code.get(x, whole).op("i32.lt_u"),
        () => {
          code.get(x).load("v128");
          accumulate(code, lower, upper, value);
          code.advance(x, 16);
        },
      );
      code.get(lower, upper).op("f64x2.add").tee(lower).lane("f64x2", 0);
      code.get(lower).lane("f64x2", 1).op("f64.add").set(total);
      code.while(
        () => code.get(x, end).op("i32.lt_u"),
        () => {
          code.get(x).load("f32").op("f64.promote_f32").get(total).op("f64.add").set(total);
          code.advance(x, 4);
        },
      );
      code.get(o, total).op("f32.demote_f64").store("f32").advance(o, 4).advance(i, 1);
    },
  );
};

/**
 * Four rows by four columns stay in registers; left-over rows go one by one. The last columns of a row spill up to three floats
 * into the next row, so columns go from last to first and rows from first to last: each spill is written over.
 */
const matmul = (): Code => {
  const code = new Code(["i32", "i32", "i32", "i32", "i32", "i32"]);
  const [a, b, o, m, n, k] = [0, 1, 2, 3, 4, 5];
  const int = (): number => code.local("i32");
  const [widthB, widthA, column, last, left, end, pb] = [int(), int(), int(), int(), int(), int(), int()];
  code.get(n).i32(2).op("i32.shl").set(widthB);
  code.get(k).i32(2).op("i32.shl").set(widthA);
  // Bytes from the start of a row to its last block of four.
  code.get(n).i32(1).op("i32.sub").i32(-4).op("i32.and").i32(2).op("i32.shl").set(last);
  const block = (rows: number): void => {
    const from = Array.from({ length: rows }, int);
    const sums = Array.from({ length: rows }, () => code.local("v128"));
    const factor = code.local("v128");
    code.get(last).set(column);
    code.while(
      () => code.get(column).i32(0).op("i32.ge_s"),
      () => {
        from.forEach((pointer, i) => {
          code.get(i === 0 ? a : from[i - 1]);
          if (i > 0) code.get(widthA).op("i32.add");
          code.set(pointer).floats(0).set(sums[i]);
        });
        code.get(a, widthA).op("i32.add").set(end);
        code.get(b, column).op("i32.add").set(pb);
        code.while(
          () => code.get(from[0], end).op("i32.lt_u"),
          () => {
            code.get(pb).load("v128").set(factor);
            from.forEach((pointer, i) => {
              code.get(pointer).load("splat").get(factor).op("f32x4.mul");
              code.get(sums[i]).op("f32x4.add").set(sums[i]).advance(pointer, 4);
            });
            code.advance(pb, () => code.get(widthB));
          },
        );
        code.get(o, column).op("i32.add").set(pb);
        sums.forEach((sum) => {
          code
            .get(pb, sum)
            .store("v128")
            .advance(pb, () => code.get(widthB));
        });
        code.advance(column, -16);
      },
    );
    code.advance(a, () => code.get(widthA).i32(rows).op("i32.mul"));
    code.advance(o, () => code.get(widthB).i32(rows).op("i32.mul"));
    code.advance(left, -rows);
  };
  code.get(m).set(left);
  for (const rows of [4, 1])
    code.while(
      () =>
        code
          .i32(rows - 1)
          .get(left)
          .op("i32.lt_s"),
      () => block(rows),
    );
  return code;
};

const arithmetic = { add: "f32x4.add", sub: "f32x4.sub", mul: "f32x4.mul", div: "f32x4.div" } as const;

const bytes = (): Uint8Array<ArrayBuffer> =>
  assemble({
    neg: unary((code, x) => code.get(x).op("f32x4.neg")),
    reciprocal: unary((code, x) => code.floats(1).get(x).op("f32x4.div")),
    sqrt: unary((code, x) => code.get(x).op("f32x4.sqrt")),
    relu: unary((code, x) => code.get(x).floats(0).op("f32x4.max")),
    // 0 for x ≤ 0, 1 for x > 0; NaN stays NaN.
    step: unary((code, x) => {
      code.get(x).floats(0).op("f32x4.gt").floats(1).op("v128.and");
      code.get(x, x).op("f32x4.ne").get(x).op("v128.and", "v128.or");
    }),
    exp: unary(exponential),
    tanh: unary(hyperbolicTangent),
    sigmoid: unary(logistic),
    ...Object.fromEntries(
      Object.entries(arithmetic).flatMap(([name, op]) => [
        [name, binary(op, "each", "each")],
        [`${name}Left`, binary(op, "first", "each")],
        [`${name}Right`, binary(op, "each", "first")],
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
