// Writes WebAssembly modules: the few instructions that kernels on float32 arrays need, SIMD among them.

export type Type = "i32" | "f32" | "f64" | "v128";

const typeCodes: Readonly<Record<Type, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** Instructions without immediates. @source WebAssembly Core Specification 2.0, §5.4. */
const plain = {
  "i32.eqz": [0x45],
  "i32.lt_u": [0x49],
  "i32.lt_s": [0x48],
  "i32.ge_s": [0x4e],
  "i32.add": [0x6a],
  "i32.sub": [0x6b],
  "i32.mul": [0x6c],
  "i32.and": [0x71],
  "i32.shl": [0x74],
  "f32.add": [0x92],
  "f32.demote_f64": [0xb6],
  "f64.add": [0xa0],
  "f64.mul": [0xa2],
  "f64.promote_f32": [0xbb],
} as const;

/** SIMD instructions: those without immediates and those with a lane or sixteen. */
const simd = {
  "f32x4.splat": 0x13,
  "f64x2.splat": 0x14,
  "f32x4.lt": 0x43,
  "f32x4.gt": 0x44,
  "f32x4.ne": 0x42,
  "v128.and": 0x4e,
  "v128.or": 0x50,
  "v128.bitselect": 0x52,
  "f32x4.demote_f64x2_zero": 0x5e,
  "f64x2.promote_low_f32x4": 0x5f,
  "f32x4.nearest": 0x6a,
  "i32x4.add": 0xae,
  "i32x4.sub": 0xb1,
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.sqrt": 0xe3,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "f64x2.add": 0xf0,
  "f64x2.mul": 0xf2,
  "i32x4.trunc_sat_f32x4_s": 0xf8,
} as const;

export type Instruction = keyof typeof plain | keyof typeof simd;

const unsigned = (value: number): number[] => {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 0x80 : low);
  } while (value > 0);
  return bytes;
};

const signed = (value: number): number[] => {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 0x7f;
    value >>= 7;
    const done = (value === 0 && (low & 0x40) === 0) || (value === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
};

/** The body of one function. Locals are numbers, parameters first. */
export class Code {
  private readonly bytes: number[] = [];
  private readonly locals: Type[] = [];

  constructor(private readonly params: readonly Type[]) {}

  local(type: Type): number {
    this.locals.push(type);
    return this.params.length + this.locals.length - 1;
  }

  get(...locals: number[]): this {
    for (const local of locals) this.bytes.push(0x20, ...unsigned(local));
    return this;
  }

  set(local: number): this {
    this.bytes.push(0x21, ...unsigned(local));
    return this;
  }

  tee(local: number): this {
    this.bytes.push(0x22, ...unsigned(local));
    return this;
  }

  i32(value: number): this {
    this.bytes.push(0x41, ...signed(value));
    return this;
  }

  f64(value: number): this {
    this.bytes.push(0x44, ...new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }

  /** Four times the same float. */
  floats(value: number): this {
    const one = [...new Uint8Array(Float32Array.of(value).buffer)];
    return this.constant([...one, ...one, ...one, ...one]);
  }

  /** Four times the same 32-bit integer. */
  integers(value: number): this {
    const one = [...new Uint8Array(Int32Array.of(value).buffer)];
    return this.constant([...one, ...one, ...one, ...one]);
  }

  private constant(bytes: readonly number[]): this {
    this.bytes.push(0xfd, ...unsigned(0x0c), ...bytes);
    return this;
  }

  op(...names: readonly Instruction[]): this {
    for (const name of names)
      if (name in plain) this.bytes.push(...plain[name as keyof typeof plain]);
      else this.bytes.push(0xfd, ...unsigned(simd[name as keyof typeof simd]));
    return this;
  }

  /** Each 32-bit lane shifted by the number on the stack. */
  shiftLeft(): this {
    return this.extended(0xab);
  }

  shiftRightSigned(): this {
    return this.extended(0xac);
  }

  lane(type: "f32x4" | "f64x2", index: number): this {
    return this.extended(type === "f32x4" ? 0x1f : 0x21, [index]);
  }

  /** The upper two floats in the place of the lower two. */
  upper(): this {
    const order = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
    return this.extended(0x0d, order);
  }

  /** The lower two floats of two vectors together. */
  joinLower(): this {
    const order = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
    return this.extended(0x0d, order);
  }

  private extended(code: number, immediates: readonly number[] = []): this {
    this.bytes.push(0xfd, ...unsigned(code), ...immediates);
    return this;
  }

  /** Memory at the address on the stack plus `offset` bytes. Addresses need not be aligned. */
  load(type: Type | "splat", offset = 0): this {
    if (type === "v128") return this.extended(0x00, [2, ...unsigned(offset)]);
    if (type === "splat") return this.extended(0x09, [2, ...unsigned(offset)]);
    this.bytes.push({ i32: 0x28, f32: 0x2a, f64: 0x2b }[type], 2, ...unsigned(offset));
    return this;
  }

  /** Value on top of the stack, address below it. */
  store(type: Type, offset = 0): this {
    if (type === "v128") return this.extended(0x0b, [2, ...unsigned(offset)]);
    this.bytes.push({ i32: 0x36, f32: 0x38, f64: 0x39 }[type], 2, ...unsigned(offset));
    return this;
  }

  /** While `condition` leaves something other than 0. */
  while(condition: () => void, body: () => void): this {
    this.bytes.push(0x02, 0x40, 0x03, 0x40);
    condition();
    this.bytes.push(0x45, 0x0d, 1);
    body();
    this.bytes.push(0x0c, 0, 0x0b, 0x0b);
    return this;
  }

  /** local ← local + amount. */
  advance(local: number, amount: number | (() => void)): this {
    this.get(local);
    if (typeof amount === "number") this.i32(amount);
    else amount();
    return this.op("i32.add").set(local);
  }

  encode(): number[] {
    const locals = this.locals.flatMap((type) => [1, typeCodes[type]]);
    const body = [...unsigned(this.locals.length), ...locals, ...this.bytes, 0x0b];
    return [...unsigned(body.length), ...body];
  }

  get type(): number[] {
    return [0x60, ...unsigned(this.params.length), ...this.params.map((type) => typeCodes[type]), 0];
  }
}

/** A module of functions without results that work on a memory it imports as "basin" "memory". */
export function assemble(functions: Readonly<Record<string, Code>>): Uint8Array<ArrayBuffer> {
  const list = Object.entries(functions);
  const section = (id: number, items: readonly (readonly number[])[]): number[] => {
    const body = [...unsigned(items.length), ...items.flat()];
    return [id, ...unsigned(body.length), ...body];
  };
  const text = (name: string): number[] => [...unsigned(name.length), ...new TextEncoder().encode(name)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      list.map(([, code]) => code.type),
    ),
    ...section(2, [[...text("basin"), ...text("memory"), 0x02, 0x00, 1]]),
    ...section(
      3,
      list.map((_, i) => unsigned(i)),
    ),
    ...section(
      7,
      list.map(([name], i) => [...text(name), 0x00, ...unsigned(i)]),
    ),
    ...section(
      10,
      list.map(([, code]) => code.encode()),
    ),
  ]);
}
