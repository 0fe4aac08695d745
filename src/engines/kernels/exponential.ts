// e^x and what is made of it, four floats at a time.
import {
  f32x4,
  i32,
  i32x4,
  set,
  v128,
  type Expr,
  type Local,
  type NewLocal,
  type Stmt,
} from "../../util/wasm/instructions";

export type Vector = Expr<"v128">;
/** Statements that must run first, and the value after them. */
interface Prepared {
  readonly before: readonly Stmt[];
  readonly value: Vector;
}
export type Body = (x: Local<"v128">, newLocal: NewLocal) => Prepared;

/** 2^n as a float, for whole n in [−126, 127]: the exponent's own bits. */
const powerOfTwo = (n: Vector): Vector => i32x4.shl(i32x4.add(n, i32x4.const(127)), i32.const(23));

/**
 * Splits a = n ln 2 + r with |r| ≤ ½ ln 2: the value is e^r − 1, n comes as whole numbers.
 * Taylor's series to r⁷: the next term is below 1.5e-8 of the sum. ln 2 in two parts keeps r exact.
 */
function reducedExponential(a: Local<"v128">, newLocal: NewLocal): Prepared & { n: Local<"v128"> } {
  const n = newLocal("v128");
  const r = newLocal("v128");
  const high = 355 / 512;
  const coefficients = [1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2];
  const series = coefficients.reduce<Vector>(
    (sum, c) => f32x4.add(f32x4.mul(sum, r), f32x4.const(c)),
    f32x4.const(1 / 5040),
  );
  return {
    before: [
      set(n, f32x4.nearest(f32x4.mul(a, f32x4.const(Math.LOG2E)))),
      set(r, f32x4.sub(a, f32x4.mul(n, f32x4.const(high)))),
      set(r, f32x4.sub(r, f32x4.mul(n, f32x4.const(Math.LN2 - high)))),
      set(n, i32x4.truncate(n)),
    ],
    value: f32x4.add(f32x4.mul(f32x4.mul(series, r), r), r),
    n,
  };
}

/** e^x. Two factors of 2^(n/2) reach infinity and the subnormal numbers. */
export const exponential: Body = (x, newLocal) => {
  const a = newLocal("v128");
  const half = newLocal("v128");
  const { before, value, n } = reducedExponential(a, newLocal);
  return {
    before: [
      set(a, f32x4.min(f32x4.max(x, f32x4.const(-104)), f32x4.const(89))),
      ...before,
      set(half, i32x4.shrS(n, i32.const(1))),
      set(n, i32x4.sub(n, half)),
    ],
    value: f32x4.mul(f32x4.mul(f32x4.add(value, f32x4.const(1)), powerOfTwo(half)), powerOfTwo(n)),
  };
};

/** tanh |x| = t/(t + 2) with t = e^{2|x|} − 1, exact to rounding for small x too; then the sign of x. Beyond 10 it is 1. */
export const hyperbolicTangent: Body = (x, newLocal) => {
  const a = newLocal("v128");
  const s = newLocal("v128");
  const t = newLocal("v128");
  const { before, value, n } = reducedExponential(a, newLocal);
  const size = f32x4.mul(f32x4.abs(x), f32x4.const(2));
  return {
    before: [
      set(a, f32x4.min(size, f32x4.const(20))),
      ...before,
      set(s, powerOfTwo(n)),
      set(t, f32x4.add(f32x4.mul(value, s), f32x4.sub(s, f32x4.const(1)))),
    ],
    value: v128.or(f32x4.div(t, f32x4.add(t, f32x4.const(2))), v128.and(x, f32x4.const(-0))),
  };
};

/** With e = e^{−|x|}: 1/(1 + e) for x ≥ 0, e/(1 + e) below, so that neither end overflows. */
export const logistic: Body = (x, newLocal) => {
  const e = newLocal("v128");
  const { before, value } = exponential(e, newLocal);
  const one = f32x4.const(1);
  return {
    before: [set(e, f32x4.neg(f32x4.abs(x))), ...before, set(e, value)],
    value: f32x4.div(v128.select(e, one, f32x4.lt(x, f32x4.const(0))), f32x4.add(e, one)),
  };
};
