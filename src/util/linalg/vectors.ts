// Long float32 vectors side by side in one memory, with the sums an eigensolver needs as SIMD kernels: each pass serves four.
import { assemble } from "../wasm/assembler";
import { compileModule, instantiate, isRefusal, newMemory, type Memory, type Module } from "../wasm/instance";
import {
  advance,
  define,
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
} from "../wasm/instructions";

/** The most vectors one pass serves. */
const together = 4;

/** o[c] = ⟨uᶜ, w⟩ as float64 for the columns u, then w, o and the end of w: float32 products, added in float64. */
const dots = (columns: number): Code =>
  define(columns + 3, (params, newLocal) => {
    const u = params.slice(0, columns);
    const [w, o, end] = params.slice(columns);
    const value = newLocal("v128");
    const product = newLocal("v128");
    const sums = u.map(() => [newLocal("v128"), newLocal("v128")]);
    return [
      loop(
        i32.ltU(w, end),
        set(value, v128.load(w)),
        ...u.flatMap((column, c) => {
          const [lower, upper] = sums[c];
          const products = tee(product, f32x4.mul(v128.load(column), value));
          return [
            set(lower, f64x2.add(f64x2.promote(products), lower)),
            set(upper, f64x2.add(f64x2.promote(f32x4.upper(product)), upper)),
            advance(column, 16),
          ];
        }),
        advance(w, 16),
      ),
      ...sums.map(([lower, upper], c) => {
        const both = tee(lower, f64x2.add(lower, upper));
        return store(o, f64.add(f64x2.lane(both, 0), f64x2.lane(lower, 1)), 8 * c);
      }),
    ];
  });

/** y += Σ c[i]·uⁱ, or y = that sum: columns u, then the address of the coefficients, y and its end. */
const combine = (columns: number, onto: boolean): Code =>
  define(columns + 3, (params, newLocal) => {
    const u = params.slice(0, columns);
    const [c, y, end] = params.slice(columns);
    const factors = u.map(() => newLocal("v128"));
    const terms = u.map((column, i) => f32x4.mul(v128.load(column), factors[i]));
    return [
      ...factors.map((factor, i) => set(factor, v128.loadSplat(c, 4 * i))),
      loop(
        i32.ltU(y, end),
        store(y, (onto ? [v128.load(y), ...terms] : terms).reduce(f32x4.add)),
        advance(y, 16),
        ...u.map((column) => advance(column, 16)),
      ),
    ];
  });

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

type Kernel = (...addresses: number[]) => void;

/** The same functions in plain loops, number by number what the SIMD ones compute. */
function plainKernels(buffer: ArrayBuffer): Room["kernels"] {
  const floats = new Float32Array(buffer);
  const doubles = new Float64Array(buffer);
  const { fround } = Math;
  const dotsOf =
    (columns: number): Kernel =>
    (...addresses) => {
      const [w, o, end] = addresses.slice(columns).map((address) => address / 4);
      addresses.slice(0, columns).forEach((address, c) => {
        // Four sums side by side, as a register holds them.
        const sums = [0, 0, 0, 0];
        for (let i = 0; i < end - w; i++) sums[i % 4] += fround(floats[address / 4 + i] * floats[w + i]);
        doubles[o / 2 + c] = sums[0] + sums[2] + (sums[1] + sums[3]);
      });
    };
  const combineOf =
    (columns: number, onto: boolean): Kernel =>
    (...addresses) => {
      const [factors, y, end] = addresses.slice(columns).map((address) => address / 4);
      const from = addresses.slice(0, columns).map((address) => address / 4);
      for (let i = 0; i < end - y; i++) {
        const terms = from.map((column, c) => fround(floats[column + i] * floats[factors + c]));
        floats[y + i] = (onto ? [floats[y + i], ...terms] : terms).reduce((a, b) => fround(a + b));
      }
    };
  const all: Record<string, Kernel> = {};
  for (let columns = 1; columns <= together; columns++) {
    all[`dots${columns}`] = dotsOf(columns);
    all[`add${columns}`] = combineOf(columns, true);
    all[`set${columns}`] = combineOf(columns, false);
  }
  return all;
}

/** Slower by far, and there where WebAssembly is not. */
function plainRoom(bytes: number): Room {
  const buffer = new ArrayBuffer(16 * Math.ceil(bytes / 16));
  return { memory: { buffer }, kernels: plainKernels(buffer) };
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
  try {
    const memory = newMemory(bytes);
    return { memory, kernels: instantiate(moduleOf(), memory) as Room["kernels"] };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return plainRoom(bytes);
  }
}

/** A fixed number of vectors [size], named by their index. Give them back with `release`: their memory serves again. */
export class Vectors {
  private readonly room: Room;
  private readonly stride: number;
  private readonly scratch: Float64Array;
  private readonly factors: Float32Array;
  private readonly views: Float32Array[] = [];
  private readonly free: number[] = [];

  /** @param plain  Without WebAssembly, though it is there. */
  constructor(
    readonly size: number,
    private readonly count: number,
    plain = false,
  ) {
    this.stride = 16 * Math.ceil(size / 4);
    this.room = (plain ? plainRoom : roomOf)(head + count * this.stride);
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
    const padded = new Float32Array(this.room.memory.buffer, this.address(i), this.stride / 4);
    // A vector may end within four floats: what is behind its end must be zero in every one.
    padded.fill(0, this.size);
    this.views.push(padded.subarray(0, this.size));
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
