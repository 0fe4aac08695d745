// WebAssembly as typed expressions: what leaves a float where an address is wanted does not compile.
//
// Operands stand on the stack in the order they are written, so a `tee` is seen by all that is written behind it.
// Codes: WebAssembly Core Specification 2.0, §5.4.
import { signed, unsigned, type Type } from "./encoding";

/** Instructions that leave one value of this type on the stack. */
export interface Expr<T extends Type> {
  readonly type: T;
  readonly bytes: readonly number[];
}

/** A local variable or parameter; as an expression, its value. */
export interface Local<T extends Type> extends Expr<T> {
  readonly index: number;
}

/** Instructions that leave the stack as it was. */
export interface Stmt {
  readonly type: "nothing";
  readonly bytes: readonly number[];
}

const make = <T extends Type>(type: T, ...parts: readonly (readonly number[])[]): Expr<T> => ({
  type,
  bytes: parts.flat(),
});
const stmt = (...parts: readonly (readonly number[])[]): Stmt => ({ type: "nothing", bytes: parts.flat() });
const vector = (code: number): readonly number[] => [0xfd, ...unsigned(code)];

const unary =
  <A extends Type, R extends Type>(_operand: A, result: R, code: readonly number[]) =>
  (a: Expr<A>): Expr<R> =>
    make(result, a.bytes, code);
const binary =
  <A extends Type, R extends Type>(_operands: A, result: R, code: readonly number[]) =>
  (a: Expr<A>, b: Expr<A>): Expr<R> =>
    make(result, a.bytes, b.bytes, code);
const vectors1 = (code: number) => unary("v128", "v128", vector(code));
const vectors2 = (code: number) => binary("v128", "v128", vector(code));
const shift =
  (code: number) =>
  (a: Expr<"v128">, by: Expr<"i32">): Expr<"v128"> =>
    make("v128", a.bytes, by.bytes, vector(code));

/** Bytes of two vectors by their number, those of the second from 16. */
const shuffle = (order: readonly number[]) => binary("v128", "v128", [...vector(0x0d), ...order]);

const splatted = (array: Float32Array | Int32Array): Expr<"v128"> =>
  make("v128", vector(0x0c), [...new Uint8Array(array.buffer)]);
const address = (offset: number): readonly number[] => [2, ...unsigned(offset)];
const loads =
  <T extends Type>(type: T, code: readonly number[]) =>
  (at: Expr<"i32">, offset = 0): Expr<T> =>
    make(type, at.bytes, code, address(offset));

export const i32 = {
  const: (value: number): Expr<"i32"> => make("i32", [0x41, ...signed(value)]),
  load: loads("i32", [0x28]),
  add: binary("i32", "i32", [0x6a]),
  sub: binary("i32", "i32", [0x6b]),
  mul: binary("i32", "i32", [0x6c]),
  and: binary("i32", "i32", [0x71]),
  shl: binary("i32", "i32", [0x74]),
  ltS: binary("i32", "i32", [0x48]),
  ltU: binary("i32", "i32", [0x49]),
  geS: binary("i32", "i32", [0x4e]),
};

export const f32 = { load: loads("f32", [0x2a]), demote: unary("f64", "f32", [0xb6]) };

export const f64 = { add: binary("f64", "f64", [0xa0]), promote: unary("f32", "f64", [0xbb]) };

export const v128 = {
  load: loads("v128", vector(0x00)),
  /** The float at an address, four times. */
  loadSplat: loads("v128", vector(0x09)),
  and: vectors2(0x4e),
  or: vectors2(0x50),
  /** Bits of `a` where the mask has ones, of `b` elsewhere. */
  select: (a: Expr<"v128">, b: Expr<"v128">, mask: Expr<"v128">): Expr<"v128"> =>
    make("v128", a.bytes, b.bytes, mask.bytes, vector(0x52)),
};

export const f32x4 = {
  /** Four times the same float. */
  const: (value: number): Expr<"v128"> => splatted(Float32Array.of(value, value, value, value)),
  ne: vectors2(0x42),
  lt: vectors2(0x43),
  gt: vectors2(0x44),
  nearest: vectors1(0x6a),
  abs: vectors1(0xe0),
  neg: vectors1(0xe1),
  sqrt: vectors1(0xe3),
  add: vectors2(0xe4),
  sub: vectors2(0xe5),
  mul: vectors2(0xe6),
  div: vectors2(0xe7),
  min: vectors2(0xe8),
  max: vectors2(0xe9),
  /** Two doubles as floats, and two zeros behind them. */
  demote: vectors1(0x5e),
  /** The upper two floats in the place of the lower two. */
  upper: (a: Local<"v128">): Expr<"v128"> =>
    shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15])(a, a),
  /** The lower two floats of two vectors together. */
  joinLower: shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
};

export const i32x4 = {
  /** Four times the same 32-bit integer. */
  const: (value: number): Expr<"v128"> => splatted(Int32Array.of(value, value, value, value)),
  shl: shift(0xab),
  shrS: shift(0xac),
  add: vectors2(0xae),
  sub: vectors2(0xb1),
  /** Floats cut to integers, those too large to the largest. */
  truncate: vectors1(0xf8),
};

export const f64x2 = {
  /** The lower two floats as doubles. */
  promote: vectors1(0x5f),
  add: vectors2(0xf0),
  mul: vectors2(0xf2),
  lane: (a: Expr<"v128">, index: 0 | 1): Expr<"f64"> => make("f64", a.bytes, vector(0x21), [index]),
};

const local = <T extends Type>(type: T, index: number): Local<T> => ({
  ...make(type, [0x20, ...unsigned(index)]),
  index,
});

export const set = <T extends Type>(to: Local<T>, value: Expr<NoInfer<T>>): Stmt =>
  stmt(value.bytes, [0x21, ...unsigned(to.index)]);

/** The value, kept in a local as well. */
export const tee = <T extends Type>(to: Local<T>, value: Expr<NoInfer<T>>): Expr<T> =>
  make(to.type, value.bytes, [0x22, ...unsigned(to.index)]);

const storeCodes: Readonly<Record<Type, readonly number[]>> = {
  i32: [0x36],
  f32: [0x38],
  f64: [0x39],
  v128: vector(0x0b),
};

/** Addresses need not be aligned. */
export const store = (at: Expr<"i32">, value: Expr<Type>, offset = 0): Stmt =>
  stmt(at.bytes, value.bytes, storeCodes[value.type], address(offset));

/** local ← local + amount. */
export const advance = (to: Local<"i32">, amount: number | Expr<"i32">): Stmt =>
  set(to, i32.add(to, typeof amount === "number" ? i32.const(amount) : amount));

/** While the condition is not 0. */
export const loop = (condition: Expr<"i32">, ...body: readonly Stmt[]): Stmt =>
  stmt(
    [0x02, 0x40, 0x03, 0x40],
    condition.bytes,
    [0x45, 0x0d, 1],
    ...body.map(({ bytes }) => bytes),
    [0x0c, 0, 0x0b, 0x0b],
  );

/** A function without result. */
export interface Code {
  readonly params: number;
  readonly locals: readonly Type[];
  readonly bytes: readonly number[];
}

export type NewLocal = <T extends Type>(type: T) => Local<T>;

/** A function of so many addresses and counts. */
export function define(
  params: number,
  body: (params: readonly Local<"i32">[], newLocal: NewLocal) => readonly Stmt[],
): Code {
  const locals: Type[] = [];
  const newLocal: NewLocal = (type) => local(type, params + locals.push(type) - 1);
  const own = Array.from({ length: params }, (_, i) => local("i32", i));
  const bytes = body(own, newLocal).flatMap((part) => part.bytes);
  return { params, locals, bytes };
}
