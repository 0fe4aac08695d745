// Top eigenpairs of a slowly changing symmetric operator, warm from the last reading, each with a certificate.
import { axpy, dot, norm, scale } from "../util/linalg/vector";
import { symmetricEigen } from "../util/linalg/symmetricEigen";
import type { Rng } from "../util/rng";
import type { LinearOperator } from "./operator";

export interface TrackerOptions {
  /** Dimension P. */
  readonly size: number;
  /** Eigenpairs wanted, largest algebraic first. */
  readonly top: number;
  /** Stop when ‖Av − λv‖ ≤ tolerance·|λ| for the first pair ("first") or for all wanted pairs ("all"). */
  readonly tolerance: number;
  readonly demand?: "first" | "all";
  /** Products at most; the error bar then says how far it came. */
  readonly maxProducts?: number;
  readonly rng: Rng;
}

export interface Reading {
  /** Ritz values, descending, at most `top`. [NaN] when the operator gave no finite numbers. */
  readonly values: readonly number[];
  /** ‖Av − λv‖ per value: an eigenvalue lies within this distance of each. */
  readonly residuals: readonly number[];
  readonly vectors: readonly Float32Array[];
  readonly products: number;
  readonly converged: boolean;
}

/** Bytes of basis vectors and their products at most; large networks get a smaller basis and restart more often. */
const memory = 256 * 2 ** 20;
/** Expansions without a tenth of progress after which the residual is taken to be float32 rounding. */
const patience = 10;

/**
 * Rayleigh–Ritz on [last Ritz vectors, Krylov vectors of the leading residual], thick-restarted, with full
 * reorthogonalisation. The products A·V of the basis are kept, so residuals and restarts cost no product.
 *
 * A warm reading costs `top` products (two when top is 1: a second vector stands guard for an eigenvalue
 * that overtakes the first) plus one per expansion. Memory 8·P·basis bytes.
 * @source Wu & Simon, "Thick-restart Lanczos", SIAM J. Matrix Anal. 2000; residual bound: Parlett, §4.5.
 */
export class EigenTracker {
  private kept: Float32Array[] = [];
  private readonly options: Required<TrackerOptions>;

  constructor(options: TrackerOptions) {
    const { top, size } = options;
    this.options = { demand: "first", maxProducts: 80 + 4 * top, ...options, top: Math.min(top, size) };
  }

  /** Vectors that make the next reading warm, [P] each. */
  get state(): Float32Array[] {
    return this.kept;
  }

  restore(vectors: readonly Float32Array[]): void {
    this.kept = vectors.filter((v) => v.length === this.options.size).map((v) => v.slice());
  }

  /** Reads the top of the spectrum of `op` as it is now. */
  async measure(op: LinearOperator): Promise<Reading> {
    const { size, top, tolerance, demand, maxProducts } = this.options;
    const guards = Math.min(size, top === 1 ? 2 : top);
    const room = Math.min(
      size,
      Math.max(guards + 4, Math.min(2 * guards + 40, Math.floor(memory / (8 * size)))),
    );
    const basis = new Basis(op, room);
    for (const vector of this.kept.slice(0, guards)) await basis.add(vector.slice());
    if (basis.length === 0) await basis.add(this.random());
    let best = Infinity;
    let stale = 0;
    for (;;) {
      if (!basis.finite)
        return { values: [NaN], residuals: [NaN], vectors: [], products: basis.products, converged: false };
      // Only the pairs that are wanted are looked at while it goes on: each costs 4·P·basis flops.
      const wanted = Math.min(demand === "all" ? top : 1, basis.length);
      let open: RitzPair | null = null;
      for (let i = 0; i < wanted && open === null; i++) {
        const pair = basis.ritz(i);
        const residual = norm(pair.residual);
        if (residual > tolerance * Math.abs(pair.value) && residual > Number.MIN_VALUE) open = pair;
      }
      const complete = basis.length >= Math.min(size, top);
      const worst = open ? norm(open.residual) : 0;
      stale = worst > 0.9 * best ? stale + 1 : 0;
      best = Math.min(best, worst);
      const stuck = demand === "first" && stale >= patience && basis.length === room;
      if ((open === null && complete) || basis.products >= maxProducts || stuck || basis.length === size) {
        const ritz = Array.from({ length: Math.min(guards, basis.length) }, (_, i) => basis.ritz(i));
        this.kept = ritz.map(({ vector }) => vector);
        return {
          values: ritz.slice(0, top).map(({ value }) => value),
          residuals: ritz.slice(0, top).map(({ residual }) => norm(residual)),
          vectors: this.kept.slice(0, top),
          products: basis.products,
          converged: open === null,
        };
      }
      if (basis.length >= room) basis.restart(Math.min(room - 2, guards + 2));
      // The leading open residual continues the Krylov space; once it is rounding, a random vector looks elsewhere.
      const target = open ?? basis.ritz(0);
      const direction =
        norm(target.residual) > 1e-6 * Math.abs(basis.largest) ? target.residual : this.random();
      let grew = await basis.add(direction);
      if (!grew) grew = await basis.add(this.random());
      if (!grew)
        return { values: [NaN], residuals: [NaN], vectors: [], products: basis.products, converged: false };
      // When all pairs are wanted, a few Krylov steps between two Rayleigh–Ritz steps keep those cheap.
      if (demand === "all")
        for (
          let i = 0;
          i < top >> 2 && basis.length < room && basis.finite && basis.products < maxProducts;
          i++
        )
          if (!(await basis.continue())) break;
    }
  }

  private random(): Float32Array {
    const { size, rng } = this.options;
    return Float32Array.from({ length: size }, () => rng.normal());
  }
}

interface RitzPair {
  readonly value: number;
  readonly vector: Float32Array;
  /** A v − value·v. */
  readonly residual: Float32Array;
}

/** An orthonormal basis V with A·V and the projected matrix VᵀAV. */
class Basis {
  products = 0;
  finite = true;
  private v: Float32Array[] = [];
  private av: Float32Array[] = [];
  private t: number[][] = [];
  /** Eigenpairs of t, until it changes. */
  private solved: ReturnType<typeof symmetricEigen> | null = null;

  constructor(
    private readonly op: LinearOperator,
    private readonly room: number,
  ) {}

  get length(): number {
    return this.v.length;
  }

  /** Orthonormalises `w` in place and adds it, one product. False when it lies in the span already. */
  async add(w: Float32Array): Promise<boolean> {
    const before = norm(w);
    if (!Number.isFinite(before)) this.finite = false;
    if (!this.finite || before === 0 || this.length >= this.room) return false;
    // Scaled first: a residual of 1e-20 must not underflow in float32.
    scale(1 / before, w);
    for (const u of this.v) axpy(-dot(u, w), u, w);
    const after = norm(w);
    if (after < 1e-4) return false;
    // Twice is enough (Parlett, §6.9): the second pass takes away what rounding left of the first.
    scale(1 / after, w);
    for (const u of this.v) axpy(-dot(u, w), u, w);
    const left = norm(w);
    if (left < 0.5) return false;
    scale(1 / left, w);
    const aw = new Float32Array(w.length);
    await this.op.apply(w, aw);
    this.products++;
    const column = this.v.map((u) => dot(u, aw));
    const diagonal = dot(w, aw);
    if (!Number.isFinite(diagonal) || !column.every(Number.isFinite)) {
      this.finite = false;
      return false;
    }
    column.forEach((x, i) => this.t[i].push(x));
    this.t.push([...column, diagonal]);
    this.v.push(w);
    this.av.push(aw);
    this.solved = null;
    return true;
  }

  /** One Krylov step from the newest vector. */
  continue(): Promise<boolean> {
    return this.add(this.av[this.length - 1].slice());
  }

  /** Ritz pair number i, largest first, with its residual; no product. */
  ritz(i: number): RitzPair {
    const { values, vectors } = this.solve();
    const vector = this.combine(this.v, vectors, i);
    const residual = this.combine(this.av, vectors, i);
    axpy(-values[i], vector, residual);
    return { value: values[i], vector, residual };
  }

  /** The largest Ritz value. */
  get largest(): number {
    return this.solve().values[0];
  }

  /** Keeps the leading `count` Ritz vectors and forgets the rest. */
  restart(count: number): void {
    const { values, vectors } = this.solve();
    const kept = Math.min(count, this.length);
    const v = Array.from({ length: kept }, (_, i) => this.combine(this.v, vectors, i));
    this.av = Array.from({ length: kept }, (_, i) => this.combine(this.av, vectors, i));
    this.v = v;
    this.solved = null;
    this.t = Array.from({ length: kept }, (_, i) =>
      Array.from({ length: kept }, (_, j) => (i === j ? values[i] : 0)),
    );
  }

  private solve(): ReturnType<typeof symmetricEigen> {
    if (this.solved) return this.solved;
    const m = this.length;
    const dense = new Float64Array(m * m);
    // The operator is symmetric up to rounding; its two halves are averaged.
    for (let i = 0; i < m; i++)
      for (let j = 0; j < m; j++) dense[i * m + j] = (this.t[i][j] + this.t[j][i]) / 2;
    return (this.solved = symmetricEigen(dense, m));
  }

  private combine(columns: readonly Float32Array[], coefficients: Float64Array, row: number): Float32Array {
    const m = columns.length;
    const sum = new Float32Array(columns[0].length);
    columns.forEach((column, j) => axpy(coefficients[row * m + j], column, sum));
    return sum;
  }
}
