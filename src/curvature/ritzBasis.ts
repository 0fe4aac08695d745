// The basis of a Rayleigh–Ritz process: orthonormal vectors with their products, Ritz pairs, residuals, restarts.
import { symmetricEigen, type Eigen } from "../util/linalg/symmetricEigen";
import { Vectors } from "../util/linalg/vectors";
import type { LinearOperator } from "./operator";

/** What one product is right to at best, relative to the largest value: float32. */
const rounding = 2 ** -23;

/** Entries of the first product between which squares and their sums stay well inside float32. */
const [smallest, largest] = [2 ** -40, 2 ** 40];

/** Where curvatures are tiny or huge their squares leave float32: products are then scaled by the size of the first, by a factor float32 holds. */
function unitOf(product: Float32Array): number {
  let most = 0;
  for (let i = 0; i < product.length; i++) {
    const size = Math.abs(product[i]);
    if (size > most) most = size;
    else if (Number.isNaN(size)) return 1;
  }
  return most === 0 || most === Infinity || (most > smallest && most < largest)
    ? 1
    : 2 ** Math.min(126, Math.max(-126, Math.round(Math.log2(most))));
}

/** Eigenvector i of m. Entry by entry: a view of so few costs more than they do. */
function rowOf({ vectors }: Eigen, m: number, i: number): number[] {
  const row: number[] = [];
  for (let k = i * m; k < (i + 1) * m; k++) row.push(vectors[k]);
  return row;
}

/** An orthonormal basis V with A·V and the projected matrix VᵀAV. Vectors are indices into one memory. */
export class RitzBasis {
  /** A power of two: everything here is of A / unit. */
  unit = 1;
  products = 0;
  finite = true;
  private readonly memory: Vectors;
  private v: number[] = [];
  private av: number[] = [];
  private t: number[][] = [];
  /** Eigenpairs of t and the residuals' norms, until it changes. */
  private solved: { readonly eigen: Eigen; readonly norms: (number | undefined)[] } | null = null;
  /** The first residual whose norm was asked for, until the basis changes: it is what the basis grows by next. */
  private residual: { readonly i: number; readonly w: number } | null = null;
  /** The Rayleigh–Ritz step before, when the basis had m vectors, the first of the present ones. */
  private before: { readonly eigen: Eigen; readonly m: number } | null = null;

  /** @param spares  Vectors beyond the basis: what a restart and a block need. */
  constructor(
    private readonly op: LinearOperator,
    readonly room: number,
    spares: number,
  ) {
    this.memory = new Vectors(op.size, 2 * (room + spares) + 1);
  }

  release(): void {
    this.memory.release();
  }

  get length(): number {
    return this.v.length;
  }

  /** Ritz values, descending. */
  get values(): Float64Array {
    return this.solve().eigen.values;
  }

  /** Adds the vector that `fill` writes; see `addTaken`. */
  add(fill: (w: Float32Array) => void): Promise<boolean> {
    const w = this.memory.take();
    fill(this.memory.view(w));
    return this.addTaken(w);
  }

  /**
   * Orthonormalises `w` and adds it, one product. Else gives it back: false when it lies in the span already or is not finite.
   * @param parts  ⟨v, w⟩ for every v of the basis, where they are known.
   */
  async addTaken(w: number, parts?: readonly number[]): Promise<boolean> {
    const added = this.length < this.room && this.orthonormalize(w, parts);
    if (!added) {
      this.memory.give(w);
      return false;
    }
    const aw = this.memory.take();
    await this.op.apply(this.memory.view(w), this.memory.view(aw));
    this.products++;
    if (this.length === 0) this.unit = unitOf(this.memory.view(aw));
    if (this.unit !== 1) this.memory.set([1 / this.unit], [aw], aw);
    const m = this.length;
    this.v.push(w);
    const column = this.memory.dots(this.v, aw);
    if (!column.every(Number.isFinite)) {
      this.finite = false;
      this.v.pop();
      this.memory.give(w, aw);
      return false;
    }
    if (this.solved) this.before = { eigen: this.solved.eigen, m };
    for (let i = 0; i < m; i++) this.t[i].push(column[i]);
    this.t.push(column);
    this.av.push(aw);
    this.forget();
    return true;
  }

  private orthonormalize(w: number, known?: readonly number[]): boolean {
    const { memory, v } = this;
    const before = memory.norm(w);
    if (!Number.isFinite(before)) this.finite = false;
    if (!this.finite || before === 0) return false;
    // Scaled first: a residual of 1e-20 must not underflow in float32.
    memory.set([1 / before], [w], w);
    let left = 1;
    // Twice is enough (Parlett, §6.9), and once where little was taken away.
    for (let pass = 0; pass < 2; pass++) {
      const parts = pass === 0 && known ? known.map((x) => x / before) : memory.dots(v, w);
      memory.add(
        parts.map((x) => -x),
        v,
        w,
      );
      const rest = memory.norm(w);
      if (rest < (pass === 0 ? 1e-4 : 0.5)) return false;
      memory.set([1 / rest], [w], w);
      left *= rest;
      if (rest > 0.999) break;
    }
    return left > 0;
  }

  /** One Krylov step from the newest vector. */
  continue(): Promise<boolean> {
    const { memory, av, t } = this;
    const w = memory.take();
    memory.set([1], [av[av.length - 1]], w);
    // Its inner products with the basis are what the projected matrix has in its last column.
    return this.addTaken(w, t[t.length - 1]);
  }

  /** A v of the newest vector v, shifted where vᵀAv < 0 so that no negative eigenvalue wins; unit length, in an array of its own. */
  powerStep(): Float32Array {
    const { memory, v, av, t } = this;
    const last = v.length - 1;
    const w = memory.take();
    memory.set([1, Math.max(0, -t[last][last])], [av[last], v[last]], w);
    const length = memory.norm(w);
    if (length > 0) memory.set([1 / length], [w], w);
    memory.give(w);
    return memory.view(w).slice();
  }

  /** A v − value·v of Ritz pair i, in a vector of its own; no product. */
  takeResidual(i: number): number {
    const { memory, residual: kept } = this;
    if (kept?.i === i) {
      this.residual = null;
      return kept.w;
    }
    const row = this.row(i);
    const value = this.values[i];
    const residual = memory.take();
    memory.set(row, this.av, residual);
    for (let k = 0; k < row.length; k++) row[k] *= -value;
    memory.add(row, this.v, residual);
    return residual;
  }

  /** ‖A v − value·v‖ of Ritz pair i. */
  residualNorm(i: number): number {
    const { norms } = this.solve();
    const known = norms[i];
    if (known !== undefined) return known;
    const w = this.takeResidual(i);
    if (this.residual) this.memory.give(w);
    else this.residual = { i, w };
    return (norms[i] = this.memory.norm(w));
  }

  /**
   * How far the eigenvalue lies from Ritz value i at most: its residual r, or r²/gap (Kato–Temple), where the gap reaches to the
   * neighbours' values and is shortened by the residuals of those. The neighbours are not looked at where `bound` is out of reach.
   */
  error(i: number, bound = Infinity): number {
    const r = this.residualNorm(i);
    if (r <= bound && bound < Infinity) return r;
    const { values } = this;
    if (i + 1 >= this.length) return r;
    const far = Math.min(values[i] - values[i + 1], i > 0 ? values[i - 1] - values[i] : Infinity);
    if (!(far > 0) || (r * r) / far > bound) return r;
    const below = values[i] - values[i + 1] - this.residualNorm(i + 1);
    const above = i > 0 ? values[i - 1] - values[i] - this.residualNorm(i - 1) : Infinity;
    const gap = Math.min(below, above);
    return gap > 0 ? Math.min(r, Math.max((r * r) / gap, rounding * Math.abs(values[i]))) : r;
  }

  /** Ritz vector i in an array of its own. */
  vector(i: number): Float32Array {
    const { memory } = this;
    const w = memory.take();
    memory.set(this.row(i), this.v, w);
    memory.give(w);
    return memory.view(w).slice();
  }

  /** What followed from the basis as it was. */
  private forget(): void {
    this.solved = null;
    if (this.residual) this.memory.give(this.residual.w);
    this.residual = null;
  }

  /** Keeps the leading `count` Ritz vectors and what is new in those of the step before; forgets the rest. */
  restart(count: number): void {
    const { memory } = this;
    const m = this.length;
    const rows = Array.from({ length: Math.min(count, m) }, (_, i) => this.row(i));
    for (const row of this.leadingBefore()) {
      for (let pass = 0; pass < 2; pass++)
        for (const other of rows) {
          const along = row.reduce((sum, x, i) => sum + x * other[i], 0);
          row.forEach((_, i) => (row[i] -= along * other[i]));
        }
      const length = Math.hypot(...row);
      if (length > 1e-3 && rows.length < Math.min(count + 1, m)) rows.push(row.map((x) => x / length));
    }
    const inner = (x: ArrayLike<number>, y: ArrayLike<number>): number => {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += x[i] * y[i];
      return sum;
    };
    const images = rows.map((b) => this.t.map((row) => inner(row, b)));
    const t = rows.map((a) => images.map((image) => inner(a, image)));
    const rotate = (columns: readonly number[]): number[] => {
      const kept = rows.map((row) => {
        const w = memory.take();
        memory.set(row, columns, w);
        return w;
      });
      memory.give(...columns);
      return kept;
    };
    this.v = rotate(this.v);
    this.av = rotate(this.av);
    this.t = t;
    this.forget();
    this.before = null;
  }

  /** Coefficients of Ritz vector i. */
  private row(i: number): number[] {
    return rowOf(this.solve().eigen, this.length, i);
  }

  /** Those of the two leading Ritz vectors of the step before, in the present basis. */
  private leadingBefore(): number[][] {
    const { before, length } = this;
    if (!before) return [];
    const zeros = new Array<number>(length - before.m).fill(0);
    return Array.from({ length: Math.min(before.m, 2) }, (_, i) => [
      ...rowOf(before.eigen, before.m, i),
      ...zeros,
    ]);
  }

  private solve(): { readonly eigen: Eigen; readonly norms: (number | undefined)[] } {
    if (this.solved) return this.solved;
    const m = this.length;
    const dense = new Float64Array(m * m);
    // The operator is symmetric up to rounding; its two halves are averaged.
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++) dense[i * m + j] = (this.t[i][j] + this.t[j][i]) / 2;
    return (this.solved = { eigen: symmetricEigen(dense, m), norms: [] });
  }
}
