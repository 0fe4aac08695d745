// Top eigenpairs of a slowly changing symmetric operator, warm from the last reading, each with a certificate.
import { symmetricEigen, type Eigen } from "../util/linalg/symmetricEigen";
import { axpy, dot, norm, scale } from "../util/linalg/vector";
import { Vectors } from "../util/linalg/vectors";
import type { Rng } from "../util/rng";
import type { LinearOperator } from "./operator";

export interface TrackerOptions {
  /** Dimension P. */
  readonly size: number;
  /** Eigenpairs wanted, largest algebraic first. */
  readonly top: number;
  /** "values": the error of every wanted value is at most tolerance·|λ₁|. "vectors": every ‖Av − λv‖ is at most tolerance·|λ|. */
  readonly tolerance: number;
  readonly demand?: "values" | "vectors";
  /** Products at most; the errors then say how far it came. */
  readonly maxProducts?: number;
  readonly rng: Rng;
}

export interface Reading {
  /** Ritz values, descending, at most `top`. [NaN] when the operator gave no finite numbers. */
  readonly values: readonly number[];
  /** How far from each value its eigenvalue lies at most: ‖Av − λv‖, or ‖Av − λv‖²/gap where the neighbours leave a gap. */
  readonly errors: readonly number[];
  readonly vectors: readonly Float32Array[];
  readonly products: number;
  readonly converged: boolean;
}

/** Bytes of basis vectors and their products at most; large networks get a smaller basis and restart more often. */
const memory = 256 * 2 ** 20;
/** A residual below this share of λ that made no tenth of progress in `patience` expansions is taken to be float32 rounding. */
const roundingShare = 1e-4;
const patience = 10;
/** Numbers before the vectors of a state: how many are of the last reading, whether they move. */
const headerSize = 3;
/** Residuals that expand the basis together: a block finds eigenvalues that stand there several times. */
const block = 4;

/**
 * Rayleigh–Ritz on [last Ritz vectors, block Krylov vectors of the open residuals], thick-restarted, with full
 * reorthogonalisation. The products A·V of the basis are kept, so residuals and restarts cost no product.
 *
 * A warm reading starts where the vectors of the last two lead, or where the last one was, whichever would have been better for the
 * last. It costs `top` products (two when top is 1: a second vector stands guard for an eigenvalue
 * that overtakes the first, and gives the gap) plus one per expansion. Memory 8·P·basis bytes.
 * @source Wu & Simon, "Thick-restart Lanczos", SIAM J. Matrix Anal. 2000; the last Ritz vector kept at a restart: Stathopoulos &
 * Saad, ETNA 1998; blocks: Golub & Van Loan, §10.3.6; errors: Parlett, §4.5 and §11.7 (Kato–Temple).
 */
export class EigenTracker {
  /** Ritz vectors of the last reading, and those of the one before. */
  private kept: Float32Array[] = [];
  private previous: Float32Array[] = [];
  /** Whether going on as from the reading before to the last one foretold the last one better than standing still. */
  private moving = false;
  private readonly options: Required<TrackerOptions>;

  constructor(options: TrackerOptions) {
    const { top, size } = options;
    this.options = { demand: "values", maxProducts: 80 + 4 * top, ...options, top: Math.min(top, size) };
  }

  /** Vectors [P] that make the next reading warm, behind a header of another length that `restore` reads. */
  get state(): Float32Array[] {
    const { kept, previous, moving } = this;
    if (kept.length === 0 || this.options.size === headerSize) return kept;
    return [Float32Array.of(kept.length, Number(moving), 0), ...kept, ...previous];
  }

  /** Takes a state, or vectors alone: those of another length are left out. */
  restore(state: readonly Float32Array[]): void {
    const { size } = this.options;
    const vectors = state.filter((v) => v.length === size).map((v) => v.slice());
    const header = size === headerSize || state[0]?.length !== headerSize ? null : state[0];
    const count = header?.[0] ?? vectors.length;
    this.kept = vectors.slice(0, count);
    this.previous = header ? vectors.slice(count) : [];
    this.moving = header?.[1] === 1;
  }

  /** Reads the top of the spectrum of `op` as it is now. */
  async measure(op: LinearOperator): Promise<Reading> {
    const { size, top } = this.options;
    const guards = Math.min(size, top === 1 ? 2 : top);
    const room = Math.min(
      size,
      Math.max(guards + 4, Math.min(2 * guards + 12, Math.floor(memory / (8 * size)))),
    );
    const basis = new Basis(op, room, guards + 3);
    try {
      return await this.search(basis, guards);
    } finally {
      basis.release();
    }
  }

  private async search(basis: Basis, guards: number): Promise<Reading> {
    const { size, top, maxProducts } = this.options;
    const starts = this.kept.slice(0, guards).map((v, i) => (this.moving ? this.foretold(i) : v));
    for (const vector of starts) await basis.add((w) => w.set(vector));
    for (let i = basis.length; i < Math.min(top, block); i++) await this.addRandom(basis);
    let best = Infinity;
    let stale = 0;
    for (;;) {
      if (!basis.finite) return broken(basis.products);
      const open = this.open(basis);
      const complete = basis.length >= top;
      const worst = open.length > 0 ? basis.residualNorm(open[0]) : 0;
      stale = worst > 0.9 * best ? stale + 1 : 0;
      best = Math.min(best, worst);
      const stuck = stale >= patience && worst < roundingShare * Math.abs(basis.values[0]);
      const last = basis.products >= maxProducts || stuck || basis.length === size;
      if ((open.length === 0 && complete) || last) {
        const count = Math.min(guards, basis.length);
        const wanted = Math.min(top, count);
        const errors = Array.from({ length: wanted }, (_, i) => basis.error(i));
        this.remember(Array.from({ length: count }, (_, i) => basis.vector(i)));
        return {
          values: [...basis.values.slice(0, wanted)],
          errors,
          vectors: this.kept.slice(0, top),
          products: basis.products,
          converged: open.length === 0,
        };
      }
      if (!(await this.expand(basis, open, guards))) return broken(basis.products);
    }
  }

  /** Where vector i comes to be if it moves on as it did: 2 v − v₋₁, the sign of v₋₁ being v's. */
  private foretold(i: number): Float32Array {
    const [now, before] = [this.kept[i], this.previous[i]];
    if (!before) return now;
    const next = now.slice();
    scale(2, next);
    axpy(dot(now, before) < 0 ? 1 : -1, before, next);
    return next;
  }

  private remember(vectors: Float32Array[]): void {
    if (this.previous.length > 0 && this.kept.length > 0) {
      const along = (v: Float32Array): number => Math.abs(dot(vectors[0], v)) / norm(v);
      this.moving = along(this.foretold(0)) > along(this.kept[0]);
    }
    this.previous = this.kept;
    this.kept = vectors;
  }

  /** Wanted pairs that do not meet the demand yet, at most a block of them. */
  private open(basis: Basis): number[] {
    const { top, tolerance, demand } = this.options;
    const open: number[] = [];
    for (let i = 0; i < Math.min(top, basis.length) && open.length < block; i++) {
      const bound = tolerance * Math.abs(basis.values[demand === "vectors" ? i : 0]);
      const error = demand === "vectors" ? basis.residualNorm(i) : basis.error(i, bound);
      if (error > bound && error > Number.MIN_VALUE) open.push(i);
    }
    return open;
  }

  /** The block of open residuals, one product each; false when nothing new is found. */
  private async expand(basis: Basis, open: readonly number[], guards: number): Promise<boolean> {
    const { top, demand, maxProducts } = this.options;
    if (basis.length + open.length > basis.room) basis.restart(guards + 2);
    // A residual that is rounding leads nowhere: a random vector looks elsewhere.
    const rounding = 1e-6 * Math.abs(basis.values[0]);
    const targets = open.filter((i) => basis.residualNorm(i) > rounding);
    const residuals = targets.map((i) => basis.takeResidual(i));
    let grew = false;
    for (const residual of residuals)
      if (basis.products < maxProducts && (await basis.addTaken(residual))) grew = true;
    if (!grew) grew = await this.addRandom(basis);
    // When many pairs are wanted, a few Krylov steps between two Rayleigh–Ritz steps keep those cheap.
    if (demand === "vectors")
      for (let i = block; i < top >> 2 && basis.length < basis.room && basis.products < maxProducts; i++)
        if (!(await basis.continue())) break;
    return grew || !basis.finite;
  }

  private addRandom(basis: Basis): Promise<boolean> {
    const { rng } = this.options;
    return basis.add((w) => {
      for (let i = 0; i < w.length; i++) w[i] = rng.uniform() - 0.5;
    });
  }
}

const broken = (products: number): Reading => ({
  values: [NaN],
  errors: [NaN],
  vectors: [],
  products,
  converged: false,
});

/** An orthonormal basis V with A·V and the projected matrix VᵀAV. Vectors are indices into one memory. */
class Basis {
  products = 0;
  finite = true;
  private readonly memory: Vectors;
  private v: number[] = [];
  private av: number[] = [];
  private t: number[][] = [];
  /** Eigenpairs of t and the residuals' norms, until it changes. */
  private solved: { readonly eigen: Eigen; readonly norms: (number | undefined)[] } | null = null;
  /** Coefficients of the leading Ritz vectors of the Rayleigh–Ritz step before, in the present basis. */
  private before: readonly Float64Array[] = [];

  /** @param spares  Vectors beyond the basis: what a restart and a block need. */
  constructor(
    private readonly op: LinearOperator,
    readonly room: number,
    spares: number,
  ) {
    this.memory = new Vectors(op.size, 2 * room + 2 * spares + block);
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

  /** Orthonormalises `w` and adds it, one product. Else gives it back: false when it lies in the span already or is not finite. */
  async addTaken(w: number): Promise<boolean> {
    const added = this.length < this.room && this.orthonormalize(w);
    if (!added) {
      this.memory.give(w);
      return false;
    }
    const aw = this.memory.take();
    await this.op.apply(this.memory.view(w), this.memory.view(aw));
    this.products++;
    const column = this.memory.dots([...this.v, w], aw);
    if (!column.every(Number.isFinite)) {
      this.finite = false;
      this.memory.give(w, aw);
      return false;
    }
    this.before = this.solved ? this.coefficients(Math.min(this.length, 2)) : this.before;
    column.slice(0, -1).forEach((x, i) => this.t[i].push(x));
    this.t.push(column);
    this.v.push(w);
    this.av.push(aw);
    this.solved = null;
    return true;
  }

  private orthonormalize(w: number): boolean {
    const { memory, v } = this;
    const before = memory.norm(w);
    if (!Number.isFinite(before)) this.finite = false;
    if (!this.finite || before === 0) return false;
    // Scaled first: a residual of 1e-20 must not underflow in float32.
    memory.set([1 / before], [w], w);
    let left = 1;
    // Twice is enough (Parlett, §6.9), and once where little was taken away.
    for (let pass = 0; pass < 2; pass++) {
      const parts = memory.dots(v, w);
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
    const { memory, av } = this;
    const w = memory.take();
    memory.set([1], [av[av.length - 1]], w);
    return this.addTaken(w);
  }

  /** A v − value·v of Ritz pair i, in a vector of its own; no product. */
  takeResidual(i: number): number {
    const { memory } = this;
    const row = this.row(i);
    const residual = memory.take();
    memory.set(row, this.av, residual);
    memory.add(
      row.map((c) => -c * this.values[i]),
      this.v,
      residual,
    );
    return residual;
  }

  /** ‖A v − value·v‖ of Ritz pair i. */
  residualNorm(i: number): number {
    const { norms } = this.solve();
    const known = norms[i];
    if (known !== undefined) return known;
    const residual = this.takeResidual(i);
    this.memory.give(residual);
    return (norms[i] = this.memory.norm(residual));
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
    return gap > 0 ? Math.min(r, (r * r) / gap) : r;
  }

  /** Ritz vector i in an array of its own. */
  vector(i: number): Float32Array {
    const { memory } = this;
    const w = memory.take();
    memory.set(this.row(i), this.v, w);
    memory.give(w);
    return memory.view(w).slice();
  }

  /** Keeps the leading `count` Ritz vectors and what is new in those of the step before; forgets the rest. */
  restart(count: number): void {
    const { memory } = this;
    const m = this.length;
    const rows = this.coefficients(Math.min(count, m));
    for (const old of this.before) {
      const row = Float64Array.from({ length: m }, (_, i) => old[i] ?? 0);
      for (let pass = 0; pass < 2; pass++)
        for (const other of rows) {
          const along = row.reduce((sum, x, i) => sum + x * other[i], 0);
          row.forEach((_, i) => (row[i] -= along * other[i]));
        }
      const length = Math.hypot(...row);
      if (length > 1e-3 && rows.length < Math.min(count + 1, m)) rows.push(row.map((x) => x / length));
    }
    const t = rows.map((a) =>
      rows.map((b) =>
        a.reduce((sum, x, i) => sum + x * this.t[i].reduce((own, y, j) => own + y * b[j], 0), 0),
      ),
    );
    const move = (columns: readonly number[]): number[] => {
      const kept = rows.map((row) => {
        const w = memory.take();
        memory.set(row, columns, w);
        return w;
      });
      memory.give(...columns);
      return kept;
    };
    this.v = move(this.v);
    this.av = move(this.av);
    this.t = t;
    this.solved = null;
    this.before = [];
  }

  private row(i: number): Float64Array {
    const m = this.length;
    return this.solve().eigen.vectors.subarray(i * m, (i + 1) * m);
  }

  private coefficients(count: number): Float64Array[] {
    return Array.from({ length: count }, (_, i) => this.row(i).slice());
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
