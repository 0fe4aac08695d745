// The Hessian of one mini-batch times four vectors at once, in the span of the factors: what a product of random matrices is made of.
// Of many factors by kernels in float32, four vectors to a register.
import { assemble } from "../util/wasm/assembler";
import { compileModule, instantiate, isRefusal, newMemory, type Module } from "../util/wasm/instance";
import { advance, define, f32x4, i32, loop, set, store, v128, type Code } from "../util/wasm/instructions";
import type { Factors } from "./secondMoment";

/** Vectors side by side: as many as a register holds. */
export const lanes = 4;

/** Rows that a kernel takes at once, and bytes of the lanes of one. */
const [together, laneBytes] = [4, 4 * lanes];

/** Entries of factors from which the kernels are worth float32, and bytes that a copy of the factors may fill. */
const [leastEntries, mostBytes] = [4096, 256 * 2 ** 20];

/** Relative error of a product of the kernels, beside its largest entry. */
const kernelRounding = 2 ** -20;

const numbers = Array.from({ length: together }, (_, i) => i);

/** inner[s] = A[row s, ·] Y for rows by their addresses, four at a time: first address, end of them, Y, its end, inner. */
const pullCode: Code = define(5, ([rows, end, from, to, inner], newLocal) => {
  const at = numbers.map(() => newLocal("i32"));
  const [y, value] = [newLocal("i32"), newLocal("v128")];
  const sums = numbers.map(() => newLocal("v128"));
  return [
    loop(
      i32.ltU(rows, end),
      ...at.map((row, i) => set(row, i32.load(rows, 4 * i))),
      ...sums.map((sum) => set(sum, f32x4.const(0))),
      set(y, from),
      loop(
        i32.ltU(y, to),
        set(value, v128.load(y)),
        ...sums.flatMap((sum, i) => [
          set(sum, f32x4.add(sum, f32x4.mul(v128.loadSplat(at[i]), value))),
          advance(at[i], 4),
        ]),
        advance(y, laneBytes),
      ),
      ...sums.map((sum, i) => store(inner, sum, laneBytes * i)),
      advance(rows, 4 * together),
      advance(inner, laneBytes * together),
    ),
  ];
});

/** out += Σ A[row s, ·]ᵀ inner[s], two rows after two: first address, end of them, out, its end, inner. */
const pushCode: Code = define(5, ([rows, end, from, to, inner], newLocal) => {
  const at = numbers.map(() => newLocal("i32"));
  const y = newLocal("i32");
  const factors = numbers.map(() => newLocal("v128"));
  const part = (i: number) => f32x4.mul(v128.loadSplat(at[i]), factors[i]);
  const pair = (i: number) => f32x4.add(part(i), part(i + 1));
  return [
    loop(
      i32.ltU(rows, end),
      ...at.map((row, i) => set(row, i32.load(rows, 4 * i))),
      ...factors.map((factor, i) => set(factor, v128.load(inner, laneBytes * i))),
      set(y, from),
      loop(
        i32.ltU(y, to),
        store(y, f32x4.add(f32x4.add(v128.load(y), pair(0)), pair(2))),
        ...at.map((row) => advance(row, 4)),
        advance(y, laneBytes),
      ),
      advance(rows, 4 * together),
      advance(inner, laneBytes * together),
    ),
  ];
});

/** First address of the rows' addresses and end of them, of the vectors and end of them, and of what stands between. */
type Kernel = (...addresses: number[]) => void;

/** Factors in a memory of their own, with the kernels on it. */
interface Room {
  readonly kernels: Readonly<Record<"pull" | "push", Kernel>>;
  /** Addresses of the batch's rows, AᵢY of them, Y and H_B Y, and where each begins. */
  readonly rows: Int32Array;
  readonly inner: Float32Array;
  readonly y: Float32Array;
  readonly out: Float32Array;
  /** λ₁ as a power of two: what the squares of the factors there are of. */
  readonly unit: number;
  readonly begin: Readonly<Record<"rows" | "inner" | "y" | "out", number>>;
}

let compiled: Module | null = null;

/** Rooms of the factors that are still in use; null where those are few, or there is no WebAssembly, or not as much of it. */
const rooms = new WeakMap<Float64Array, { readonly room: Room | null }>();

/** The power of two next to λ₁: squares of tiny or huge curvatures leave the range of float32. */
const unitOf = ({ lambda }: Factors): number =>
  lambda[0] > 0 && lambda[0] < Infinity ? 2 ** (2 * Math.round(Math.log2(lambda[0]) / 2)) : 1;

function roomOf(factors: Factors): Room | null {
  const { n, K, r, A } = factors;
  const known = rooms.get(A);
  if (known) return known.room;
  const most = together * Math.ceil((n * K) / together);
  const inner = 16 * Math.ceil(A.length / 4);
  const y = inner + laneBytes * most;
  const out = y + laneBytes * r;
  const rows = out + laneBytes * r;
  const bytes = rows + 4 * most;
  const make = (): Room | null => {
    if (A.length < leastEntries || bytes > mostBytes) return null;
    try {
      const memory = newMemory(bytes);
      const { buffer } = memory;
      const unit = unitOf(factors);
      const scale = 1 / Math.sqrt(unit);
      const own = new Float32Array(buffer, 0, A.length);
      for (let i = 0; i < A.length; i++) own[i] = scale * A[i];
      compiled ??= compileModule(assemble({ pull: pullCode, push: pushCode }));
      return {
        kernels: instantiate(compiled, memory) as Room["kernels"],
        rows: new Int32Array(buffer, rows, most),
        inner: new Float32Array(buffer, inner, lanes * most),
        y: new Float32Array(buffer, y, lanes * r),
        out: new Float32Array(buffer, out, lanes * r),
        unit,
        begin: { rows, inner, y, out },
      };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return null;
    }
  };
  const room = make();
  rooms.set(A, { room });
  return room;
}

export class BatchLanes {
  private readonly room: Room | null;
  /** Where the rows of the batch begin in A; as many more as make their number even. */
  private rows = new Int32Array(0);
  /** AᵢY of the batch, [rows, lanes]. */
  private inner = new Float64Array(0);

  /** @param plain  Without WebAssembly, though it is there. */
  constructor(
    private readonly factors: Factors,
    plain = false,
  ) {
    this.room = plain ? null : roomOf(factors);
  }

  /** Relative error of a product beside its largest entry: of float32, or 0 where float64 computes. */
  get rounding(): number {
    return this.room ? kernelRounding : 0;
  }

  /**
   * out = H_B Y = (1/b) Σ AᵢᵀAᵢ Y over the examples of a batch.
   *
   * @param batch   Examples, [b].
   * @param Y, out  [r, lanes], two arrays; entries of Y within 10^±30. Costs 4 b K r flops a lane, right to `rounding`.
   */
  apply(batch: Uint32Array, Y: Float64Array, out: Float64Array): void {
    const { room } = this;
    // A batch drawn from more than the examples held may be larger than all of these.
    if (room && batch.length * this.factors.K <= room.rows.length) this.applyIn(room, batch, Y, out);
    else this.applyPlain(batch, Y, out);
  }

  private applyIn(
    { kernels, begin, ...room }: Room,
    batch: Uint32Array,
    Y: Float64Array,
    out: Float64Array,
  ): void {
    const { K, r } = this.factors;
    const count = batch.length * K;
    const all = together * Math.ceil(count / together);
    for (let s = 0, e = 0; e < batch.length; e++)
      for (let k = 0; k < K; k++) room.rows[s++] = 4 * (batch[e] * K + k) * r;
    // The last row stands in for those that are missing, and counts for nothing.
    room.rows.fill(room.rows[count - 1], count, all);
    room.y.set(Y);
    const end = begin.rows + 4 * all;
    kernels.pull(begin.rows, end, begin.y, begin.y + laneBytes * r, begin.inner);
    room.inner.fill(0, lanes * count, lanes * all);
    room.out.fill(0);
    kernels.push(begin.rows, end, begin.out, begin.out + laneBytes * r, begin.inner);
    const share = room.unit / batch.length;
    const sums = room.out;
    for (let i = 0; i < out.length; i++) out[i] = share * sums[i];
  }

  private applyPlain(batch: Uint32Array, Y: Float64Array, out: Float64Array): void {
    const { K, r, A } = this.factors;
    const count = batch.length * K;
    const even = count + (count % 2);
    if (this.rows.length < even) {
      this.rows = new Int32Array(even);
      this.inner = new Float64Array(lanes * even);
    }
    const { rows, inner } = this;
    for (let s = 0, e = 0; e < batch.length; e++)
      for (let k = 0; k < K; k++) rows[s++] = (batch[e] * K + k) * r;
    // The last row stands in for one that is missing, and counts for nothing.
    if (even > count) rows[count] = rows[count - 1];
    for (let s = 0; s < even; s += 2) pull(A, rows, s, r, Y, inner);
    const share = 1 / batch.length;
    for (let i = 0; i < lanes * count; i++) inner[i] *= share;
    inner.fill(0, lanes * count, lanes * even);
    out.fill(0);
    for (let s = 0; s < even; s += 2) push(A, rows, s, r, inner, out);
  }
}

/** inner[s …] = A[row, ·] Y for two rows. */
// eslint-disable-next-line max-params -- innermost kernel.
function pull(
  A: Float64Array,
  rows: Int32Array,
  s: number,
  r: number,
  Y: Float64Array,
  inner: Float64Array,
): void {
  const [p, q] = [rows[s], rows[s + 1]];
  let [a0, a1, a2, a3] = [0, 0, 0, 0];
  let [b0, b1, b2, b3] = [0, 0, 0, 0];
  for (let j = 0, y = 0; j < r; j++, y += lanes) {
    const u = A[p + j];
    const v = A[q + j];
    const y0 = Y[y];
    const y1 = Y[y + 1];
    const y2 = Y[y + 2];
    const y3 = Y[y + 3];
    a0 += u * y0;
    a1 += u * y1;
    a2 += u * y2;
    a3 += u * y3;
    b0 += v * y0;
    b1 += v * y1;
    b2 += v * y2;
    b3 += v * y3;
  }
  const at = lanes * s;
  inner[at] = a0;
  inner[at + 1] = a1;
  inner[at + 2] = a2;
  inner[at + 3] = a3;
  inner[at + 4] = b0;
  inner[at + 5] = b1;
  inner[at + 6] = b2;
  inner[at + 7] = b3;
}

/** out += A[row, ·]ᵀ inner[s …] for two rows. */
// eslint-disable-next-line max-params -- as above.
function push(
  A: Float64Array,
  rows: Int32Array,
  s: number,
  r: number,
  inner: Float64Array,
  out: Float64Array,
): void {
  const [p, q] = [rows[s], rows[s + 1]];
  const at = lanes * s;
  const [a0, a1, a2, a3] = [inner[at], inner[at + 1], inner[at + 2], inner[at + 3]];
  const [b0, b1, b2, b3] = [inner[at + 4], inner[at + 5], inner[at + 6], inner[at + 7]];
  for (let j = 0, y = 0; j < r; j++, y += lanes) {
    const u = A[p + j];
    const v = A[q + j];
    out[y] += u * a0 + v * b0;
    out[y + 1] += u * a1 + v * b1;
    out[y + 2] += u * a2 + v * b2;
    out[y + 3] += u * a3 + v * b3;
  }
}
