// Long float32 vectors side by side in one memory, with the sums an eigensolver needs as SIMD kernels: each pass serves four.
import { assemble, Code } from "../wasm/assembler";
import { compileModule, instantiate, newMemory, type Memory, type Module } from "../wasm/instance";

/** The most vectors one pass serves. */
const together = 4;

/** o[c] = ⟨uᶜ, w⟩ as float64 for the columns u, then w, o and the end of w: float32 products, added in float64. */
const dots = (columns: number): Code => {
  const code = new Code(Array.from({ length: columns + 3 }, () => "i32" as const));
  const u = Array.from({ length: columns }, (_, c) => c);
  const [w, o, end] = [columns, columns + 1, columns + 2];
  const value = code.local("v128");
  const product = code.local("v128");
  const sums = u.map(() => [code.local("v128"), code.local("v128")]);
  code.while(
    () => code.get(w, end).op("i32.lt_u"),
    () => {
      code.get(w).load("v128").set(value);
      u.forEach((column, c) => {
        const [lower, upper] = sums[c];
        code.get(column).load("v128").get(value).op("f32x4.mul").tee(product);
        code.op("f64x2.promote_low_f32x4").get(lower).op("f64x2.add").set(lower);
        code
          .get(product, product)
          .upper()
          .op("f64x2.promote_low_f32x4")
          .get(upper)
          .op("f64x2.add")
          .set(upper);
        code.advance(column, 16);
      });
      code.advance(w, 16);
    },
  );
  sums.forEach(([lower, upper], c) => {
    code.get(o).get(lower, upper).op("f64x2.add").tee(lower).lane("f64x2", 0);
    code
      .get(lower)
      .lane("f64x2", 1)
      .op("f64.add")
      .store("f64", 8 * c);
  });
  return code;
};

/** y += Σ c[i]·uⁱ, or y = that sum: columns u, then the address of the coefficients, y and its end. */
const combine = (columns: number, onto: boolean): Code => {
  const code = new Code(Array.from({ length: columns + 3 }, () => "i32" as const));
  const u = Array.from({ length: columns }, (_, c) => c);
  const [c, y, end] = [columns, columns + 1, columns + 2];
  const factors = u.map(() => code.local("v128"));
  factors.forEach((factor, i) =>
    code
      .get(c)
      .load("splat", 4 * i)
      .set(factor),
  );
  return code.while(
    () => code.get(y, end).op("i32.lt_u"),
    () => {
      code.get(y);
      if (onto) code.get(y).load("v128");
      u.forEach((column, i) => {
        code.get(column).load("v128").get(factors[i]).op("f32x4.mul");
        if (i > 0 || onto) code.op("f32x4.add");
      });
      code.store("v128").advance(y, 16);
      for (const column of u) code.advance(column, 16);
    },
  );
};

let compiled: Module | null = null;

function moduleOf(): Module {
  if (compiled) return compiled;
  const functions: Record<string, Code> = {};
  for (let columns = 1; columns <= together; columns++) {
    functions[`dots${columns}`] = dots(columns);
    functions[`add${columns}`] = combine(columns, true);
    functions[`set${columns}`] = combine(columns, false);
  }
  return (compiled = compileModule(assemble(functions)));
}

interface Room {
  readonly memory: Memory;
  readonly kernels: Readonly<Record<string, (...addresses: number[]) => void>>;
}

/** The memory last given back, for the next to ask: its pages are there already. */
let spare: Room | null = null;

function roomOf(bytes: number): Room {
  if (spare !== null && spare.memory.buffer.byteLength >= bytes) {
    const taken = spare;
    spare = null;
    return taken;
  }
  const memory = newMemory(bytes);
  return { memory, kernels: instantiate(moduleOf(), memory) as Room["kernels"] };
}

/** A fixed number of vectors [size], named by their index. Give them back with `release`: their memory serves again. */
export class Vectors {
  private readonly room: Room;
  private readonly stride: number;
  private readonly scratch: Float64Array;
  private readonly factors: Float32Array;
  private readonly views: Float32Array[] = [];
  private readonly free: number[] = [];

  constructor(
    readonly size: number,
    private readonly count: number,
  ) {
    this.stride = 16 * Math.ceil(size / 4);
    this.room = roomOf(head + count * this.stride);
    const { buffer } = this.room.memory;
    this.scratch = new Float64Array(buffer, 0, together);
    this.factors = new Float32Array(buffer, 8 * together, together);
  }

  private address(i: number): number {
    return head + i * this.stride;
  }

  /** A vector that is not in use, with any content. */
  take(): number {
    const old = this.free.pop();
    if (old !== undefined) return old;
    const i = this.views.length;
    if (i === this.count) throw new Error("internal: no vector is left");
    const whole = new Float32Array(this.room.memory.buffer, this.address(i), this.stride / 4);
    // A vector may end within four floats: what is behind its end must be zero in every one.
    whole.fill(0, this.size);
    this.views.push(whole.subarray(0, this.size));
    return i;
  }

  give(...vectors: readonly number[]): void {
    this.free.push(...vectors);
  }

  view(i: number): Float32Array {
    return this.views[i];
  }

  /** ⟨u, w⟩ for every column u; 2P flops each. */
  dots(columns: readonly number[], w: number): number[] {
    const products: number[] = [];
    const from = this.address(w);
    for (let i = 0; i < columns.length; i += together) {
      const part = columns.slice(i, i + together).map((u) => this.address(u));
      this.room.kernels[`dots${part.length}`](...part, from, 0, from + this.stride);
      for (let k = 0; k < part.length; k++) products.push(this.scratch[k]);
    }
    return products;
  }

  norm(w: number): number {
    return Math.sqrt(this.dots([w], w)[0]);
  }

  /** y ← y + Σ coefficients[i]·columns[i] */
  add(coefficients: ArrayLike<number>, columns: readonly number[], y: number): void {
    this.combine(coefficients, columns, y, true);
  }

  /** y ← Σ coefficients[i]·columns[i]; y is none of the columns unless it is the only one. */
  set(coefficients: ArrayLike<number>, columns: readonly number[], y: number): void {
    this.combine(coefficients, columns, y, false);
  }

  private combine(c: ArrayLike<number>, columns: readonly number[], y: number, onto: boolean): void {
    const to = this.address(y);
    for (let i = 0; i < columns.length; i += together) {
      const part = columns.slice(i, i + together).map((u) => this.address(u));
      for (let k = 0; k < part.length; k++) this.factors[k] = c[i + k];
      const kind = onto || i > 0 ? "add" : "set";
      this.room.kernels[`${kind}${part.length}`](...part, 8 * together, to, to + this.stride);
    }
  }

  /** Nothing of this object may be used after it. */
  release(): void {
    const bytes = spare?.memory.buffer.byteLength ?? 0;
    if (bytes < this.room.memory.buffer.byteLength) spare = this.room;
  }
}

/** Bytes before the first vector: four float64 results and four float32 factors. */
const head = 8 * together + 4 * together;
