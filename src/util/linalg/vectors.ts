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
const numbers = Array.from({ length: together }, (_, i) => i + 1);

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
type Kernels = Readonly<Record<string, Kernel>>;

/** The same functions in plain loops, number by number what the SIMD ones compute. */
function plainKernels(buffer: ArrayBuffer): Kernels {
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
  return furnished({ buffer }, plainKernels(buffer));
}

interface Room {
  readonly memory: Memory;
  /** Kernels by the number of columns less one. */
  readonly dots: readonly Kernel[];
  readonly add: readonly Kernel[];
  readonly set: readonly Kernel[];
  readonly scratch: Float64Array;
  readonly factors: Float32Array;
  /** The vectors of the last user, kept as long as the next one asks for vectors of the same length: with what is behind each, and without. */
  layout: { readonly size: number; readonly padded: Float32Array[]; readonly views: Float32Array[] };
}

function furnished(memory: Memory, kernels: Kernels): Room {
  const { buffer } = memory;
  const all = (name: string): Kernel[] => numbers.map((columns) => kernels[`${name}${columns}`]);
  return {
    memory,
    dots: all("dots"),
    add: all("add"),
    set: all("set"),
    scratch: new Float64Array(buffer, 0, together),
    factors: new Float32Array(buffer, 8 * together, together),
    layout: { size: -1, padded: [], views: [] },
  };
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
    return furnished(memory, instantiate(moduleOf(), memory) as Kernels);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return plainRoom(bytes);
  }
}

/** A fixed number of vectors [size], named by their index. Give them back with `release`: their memory serves again. */
export class Vectors {
  private readonly room: Room;
  private readonly stride: number;
  private readonly views: Float32Array[];
  /** Vectors that were in use at some time, and those of them that are not now. */
  private used = 0;
  private readonly free: number[] = [];

  /** @param plain  Without WebAssembly, though it is there. */
  constructor(
    readonly size: number,
    private readonly count: number,
    plain = false,
  ) {
    this.stride = 16 * Math.ceil(size / 4);
    this.room = (plain ? plainRoom : roomOf)(head + count * this.stride);
    // Small nets are read so often that making the views anew would be most of a reading.
    if (this.room.layout.size !== size) this.room.layout = { size, padded: [], views: [] };
    this.views = this.room.layout.views;
  }

  private address(i: number): number {
    return head + i * this.stride;
  }

  /** A vector that is not in use, with any content. */
  take(): number {
    const old = this.free.pop();
    if (old !== undefined) return old;
    const i = this.used;
    if (i === this.count) throw new Error("internal: no vector is left");
    const { padded, views } = this.room.layout;
    if (i === padded.length) {
      padded.push(new Float32Array(this.room.memory.buffer, this.address(i), this.stride / 4));
      views.push(padded[i].subarray(0, this.size));
    }
    // A vector may end within four floats: what is behind its end must be zero in every one.
    padded[i].fill(0, this.size);
    this.used++;
    return i;
  }

  give(...vectors: readonly number[]): void {
    for (const i of vectors) this.free.push(i);
  }

  view(i: number): Float32Array {
    return this.views[i];
  }

  /** ⟨u, w⟩ for every column u; 2P flops each. */
  dots(columns: readonly number[], w: number): number[] {
    const { scratch, dots } = this.room;
    const products: number[] = [];
    const from = this.address(w);
    const to = from + this.stride;
    for (let i = 0; i < columns.length; i += together) {
      const part = Math.min(together, columns.length - i);
      this.call(dots[part - 1], columns, { i, part }, [from, 0, to]);
      for (let k = 0; k < part; k++) products.push(scratch[k]);
    }
    return products;
  }

  norm(w: number): number {
    const from = this.address(w);
    this.room.dots[0](from, from, 0, from + this.stride);
    return Math.sqrt(this.room.scratch[0]);
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
    const { factors, add, set } = this.room;
    const from = this.address(y);
    for (let i = 0; i < columns.length; i += together) {
      const part = Math.min(together, columns.length - i);
      for (let k = 0; k < part; k++) factors[k] = c[i + k];
      const kernels = onto || i > 0 ? add : set;
      this.call(kernels[part - 1], columns, { i, part }, [8 * together, from, from + this.stride]);
    }
  }

  /** A kernel on the columns from i on, with what follows their addresses. */
  private call(
    kernel: Kernel,
    columns: readonly number[],
    { i, part }: { readonly i: number; readonly part: number },
    [a, b, c]: readonly [number, number, number],
  ): void {
    const u = this.address(columns[i]);
    if (part === 1) return kernel(u, a, b, c);
    const v = this.address(columns[i + 1]);
    if (part === 2) return kernel(u, v, a, b, c);
    const w = this.address(columns[i + 2]);
    if (part === 3) return kernel(u, v, w, a, b, c);
    kernel(u, v, w, this.address(columns[i + 3]), a, b, c);
  }

  /** Nothing of this object may be used after it. */
  release(): void {
    const bytes = spare?.memory.buffer.byteLength ?? 0;
    if (bytes < this.room.memory.buffer.byteLength) spare = this.room;
  }
}

/** Bytes before the first vector: four float64 results and four float32 factors. */
const head = 8 * together + 4 * together;
