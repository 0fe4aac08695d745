// Top eigenpairs of a slowly changing symmetric operator, warm from the last reading, each with a certificate.
import { axpy, dot, scale } from "../util/linalg/vector";
import type { Rng } from "../util/rng";
import type { LinearOperator } from "./operator";
import { RitzBasis } from "./ritzBasis";

/** What a tracker knows, by name: the same vectors give the same next reading, bit for bit. */
export type TrackerState = ReadonlyMap<string, Float32Array>;

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

export interface Eigenpairs {
  /** Ritz values, descending, at most `top`. [NaN] when the operator gave no finite numbers. */
  readonly values: readonly number[];
  /** How far from each value its eigenvalue lies at most: ‖Av − λv‖, or ‖Av − λv‖²/gap where the neighbours leave a gap. */
  readonly errors: readonly number[];
  /** ‖Av − λv‖ of each. */
  readonly residuals: readonly number[];
  readonly vectors: readonly Float32Array[];
  readonly products: number;
  readonly converged: boolean;
  /** Whether it ended before it was done because `over` said so: from nothing the values then bound the eigenvalues from below, no more. */
  readonly cut: boolean;
}

/** Bytes of basis vectors and their products at most; large networks get a smaller basis and restart more often. */
const memory = 256 * 2 ** 20;
/** A residual below this share of λ that made no tenth of progress in `patience` expansions is taken to be float32 rounding. */
const roundingShare = 1e-4;
const patience = 10;
/** Products of a reading from nothing at least: a random start may hold so little of the top eigenvector that a few steps pass it by. */
const coldLeast = 12;
/** Warm readings from one search of the scout to the next. */
const scoutEvery = 4;
/** Residuals that expand the basis together: a block finds eigenvalues that stand there several times. */
const block = 4;

/**
 * Rayleigh–Ritz on [last Ritz vectors, block Krylov vectors of the open residuals], thick-restarted, with full
 * reorthogonalisation. The products A·V of the basis are kept, so residuals and restarts cost no product.
 *
 * Every fourth warm reading spends a product on a vector that looks for an eigenvalue rising where the tracked ones do not reach.
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
  /** A vector that looks for an eigenvalue rising elsewhere, and the warm readings since the start, on every fourth of which it does. */
  private scout: Float32Array | null = null;
  private readings = 0;
  private readonly options: Required<TrackerOptions>;

  constructor(options: TrackerOptions) {
    const { top, size } = options;
    this.options = { demand: "values", maxProducts: 80 + 4 * top, ...options, top: Math.min(top, size) };
  }

  /** Everything that the next reading depends on, but the random generator. */
  get state(): TrackerState {
    const { kept, previous, moving, scout, readings } = this;
    const named = (name: string, vectors: readonly Float32Array[]) =>
      vectors.map((v, i) => [`${name}.${i}`, v] as const);
    if (kept.length === 0) return new Map();
    return new Map([
      ["counts", Float32Array.of(Number(moving), readings % scoutEvery)],
      ...named("kept", kept),
      ...named("previous", previous),
      ...named("scout", scout ? [scout] : []),
    ]);
  }

  /** Vectors of another length than [size], and what follows them, are left out. */
  restore(state: TrackerState): void {
    const { size } = this.options;
    const list = (name: string): Float32Array[] => {
      const found: Float32Array[] = [];
      for (let i = 0, v = state.get(`${name}.0`); v?.length === size; v = state.get(`${name}.${++i}`))
        found.push(v);
      return found;
    };
    this.kept = list("kept");
    this.previous = list("previous");
    this.scout = list("scout").at(0) ?? null;
    const [moving = 0, readings = 0] = state.get("counts") ?? [];
    this.moving = moving === 1;
    this.readings = readings;
  }

  /** Starts from vectors [P] that are near the ones looked for; those of another length are left out. */
  startFrom(vectors: readonly Float32Array[]): void {
    this.kept = vectors.filter(({ length }) => length === this.options.size);
  }

  /**
   * Reads the top of the spectrum of `op` as it is now.
   * @param over  Asked before every expansion: where it says so the reading ends as far as it is, its errors saying how far that is.
   */
  async measure(op: LinearOperator, over: () => boolean = () => false): Promise<Eigenpairs> {
    const { size, top } = this.options;
    const guards = Math.min(size, top === 1 ? 2 : top);
    const room = Math.min(
      size,
      Math.max(guards + 4, Math.min(2 * guards + 12, Math.floor(memory / (8 * size)))),
    );
    const basis = new RitzBasis(op, room, guards + 3 + block);
    try {
      return await this.search(basis, guards, over);
    } finally {
      basis.release();
    }
  }

  private async search(basis: RitzBasis, guards: number, over: () => boolean): Promise<Eigenpairs> {
    const { size, top, demand, maxProducts } = this.options;
    const cold = this.kept.length === 0;
    for (let i = 0; i < Math.min(guards, this.kept.length); i++)
      await basis.add((w) => (this.moving ? this.foretell(i, w) : w.set(this.kept[i])));
    if (!cold && size > guards && this.readings++ % scoutEvery === 0) await this.searchElsewhere(basis);
    for (let i = basis.length; i < Math.min(top, block); i++) await this.addRandom(basis);
    let best = Infinity;
    let stale = 0;
    for (;;) {
      if (!basis.finite) return broken(basis.products);
      const open = this.open(basis, cold);
      const complete = basis.length >= top && (!cold || basis.products >= coldLeast);
      const worst = open.length > 0 ? basis.residualNorm(open[0]) : 0;
      stale = worst > 0.9 * best ? stale + 1 : 0;
      best = Math.min(best, worst);
      // Small wanted pairs have small residuals from the start: for vectors that says nothing of rounding.
      const stuck =
        demand === "values" && stale >= patience && worst < roundingShare * Math.abs(basis.values[0]);
      const last = basis.products >= maxProducts || stuck || basis.length === size;
      const done = (open.length === 0 && complete) || last;
      const cut = !done && over();
      if (done || cut) {
        // From nothing, a residual says that there is an eigenvalue near, not that it is the largest.
        const blind = cut && cold;
        const { unit } = basis;
        const [vectors, values, errors, residuals]: [Float32Array[], number[], number[], number[]] = [
          [],
          [],
          [],
          [],
        ];
        for (let i = 0; i < Math.min(guards, basis.length); i++) {
          vectors.push(basis.vector(i));
          if (i >= top) continue;
          values.push(unit * basis.values[i]);
          errors.push(blind ? Infinity : unit * basis.error(i));
          residuals.push(unit * basis.residualNorm(i));
        }
        if (cold && size > guards) this.scout = this.randomVector();
        this.remember(vectors);
        return {
          values,
          errors,
          residuals,
          vectors: vectors.slice(0, top),
          products: basis.products,
          converged: open.length === 0,
          cut,
        };
      }
      if (!(await this.expand(basis, open, guards))) return broken(basis.products);
    }
  }

  /** Where vector i comes to be if it moves on as it did: 2 v − v₋₁, the sign of v₋₁ being v's. */
  private foretell(i: number, to: Float32Array): void {
    const [now, before] = [this.kept[i], this.previous[i]];
    to.set(now);
    if (!before) return;
    scale(2, to);
    axpy(dot(now, before) < 0 ? 1 : -1, before, to);
  }

  /**
   * A power step of the scout beside the tracked vectors, one product. What they are not coupled to, their residuals never show: an
   * eigenvalue that rises there would be missed for good.
   */
  private async searchElsewhere(basis: RitzBasis): Promise<void> {
    const { scout } = this;
    const added = scout !== null && (await basis.add((w) => w.set(scout)));
    this.scout = added ? basis.powerStep() : this.randomVector();
  }

  private randomVector(): Float32Array {
    const { size, rng } = this.options;
    return Float32Array.from({ length: size }, () => rng.uniform() - 0.5);
  }

  private remember(vectors: Float32Array[]): void {
    if (this.previous.length > 0 && this.kept.length > 0) {
      // The cosines of what was foretold and of what stood still, from inner products alone: 2 v − v₋₁ is not written down.
      const [now, before, [found]] = [this.kept[0], this.previous[0], vectors];
      const [onNow, onBefore, between] = [dot(found, now), dot(found, before), dot(now, before)];
      const sign = between < 0 ? -1 : 1;
      const [length, other] = [dot(now, now), dot(before, before)];
      const foretold =
        Math.abs(2 * onNow - sign * onBefore) / Math.sqrt(4 * length + other - 4 * sign * between);
      this.moving = foretold > Math.abs(onNow) / Math.sqrt(length);
    }
    // Of many vectors it is not foretold where each moves.
    this.previous = this.options.demand === "vectors" ? [] : this.kept;
    this.kept = vectors;
  }

  /**
   * Wanted pairs that do not meet the demand yet, at most a block of them. From nothing the residual itself must be small: r²/gap is
   * small too at any other eigenvalue that the start happens to hold more of.
   */
  private open(basis: RitzBasis, cold: boolean): number[] {
    const { top, tolerance, demand } = this.options;
    const open: number[] = [];
    for (let i = 0; i < Math.min(top, basis.length) && open.length < block; i++) {
      const bound = tolerance * Math.abs(basis.values[demand === "vectors" ? i : 0]);
      const error = cold || demand === "vectors" ? basis.residualNorm(i) : basis.error(i, bound);
      if (error > bound && error > Number.MIN_VALUE) open.push(i);
    }
    return open;
  }

  /** The block of open residuals, one product each; false when nothing new is found. */
  private async expand(basis: RitzBasis, open: readonly number[], guards: number): Promise<boolean> {
    const { top, demand, maxProducts } = this.options;
    if (basis.length + Math.max(1, open.length) > basis.room) basis.restart(guards + 2);
    // A residual that is rounding leads nowhere: a random vector looks elsewhere.
    const rounding = 1e-6 * Math.abs(basis.values[0]);
    const targets = (open.length > 0 ? open : [0]).filter((i) => basis.residualNorm(i) > rounding);
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

  private addRandom(basis: RitzBasis): Promise<boolean> {
    return basis.add((w) => w.set(this.randomVector()));
  }
}

const broken = (products: number): Eigenpairs => ({
  values: [NaN],
  errors: [NaN],
  residuals: [NaN],
  vectors: [],
  products,
  converged: false,
  cut: false,
});
