// Eigenpairs of a symmetric tridiagonal matrix by implicit QL: what larger problems are divided down to.

/** Sweeps for one eigenvalue at most; two are usual. */
const sweeps = 60;

/**
 * Diagonalises the matrix with diagonal `d` [n] and neighbours coupled by `e` [≥ n − 1], in place: `d` becomes the eigenvalues in no order,
 * and row i of `q` [n, n], which holds Qᵀ of A = Q T Qᵀ (or the identity), the unit eigenvector of d[i].
 *
 * A coupling counts as zero at rounding beside its two neighbours or beside the whole matrix: the second is what ends the tail of a
 * matrix of low rank, whose entries are noise of every size. About 3 n³ flops; memory 20 bytes a rotation.
 * @returns false when it does not converge, which finite numbers do not do.
 * @source EISPACK's tql2; Golub & Van Loan, Matrix Computations (4th ed.), §8.3.3.
 */
export function implicitQl(d: Float64Array, e: Float64Array, q: Float64Array): boolean {
  const n = d.length;
  const turns = new Rotations(n);
  const done = sweepAll(d, e, turns);
  turns.apply(q);
  return done;
}

/** Largest row sum of the matrix, which bounds its eigenvalues. */
function normOf(d: Float64Array, e: Float64Array): number {
  let norm = 0;
  for (let i = 0; i < d.length; i++) {
    const beside = (i > 0 ? Math.abs(e[i - 1]) : 0) + (i < d.length - 1 ? Math.abs(e[i]) : 0);
    norm = Math.max(norm, Math.abs(d[i]) + beside);
  }
  return norm;
}

function sweepAll(d: Float64Array, e: Float64Array, turns: Rotations): boolean {
  const n = d.length;
  const floor = Number.EPSILON * normOf(d, e);
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      let end = l;
      while (
        end < n - 1 &&
        Math.abs(e[end]) > Math.max(floor, Number.EPSILON * (Math.abs(d[end]) + Math.abs(d[end + 1])))
      )
        end++;
      if (end === l) break;
      if (iteration === sweeps) return false;
      sweep(d, e, turns, [l, end]);
    }
  }
  return d.every(Number.isFinite);
}

/** One QL step with Wilkinson's shift on the rows from l to `end`. */
function sweep(
  d: Float64Array,
  e: Float64Array,
  turns: Rotations,
  [l, end]: readonly [number, number],
): void {
  let g = (d[l + 1] - d[l]) / (2 * e[l]);
  let r = Math.hypot(g, 1);
  g = d[end] - d[l] + e[l] / (g + (g < 0 ? -r : r));
  let [s, c, p] = [1, 1, 0];
  for (let i = end - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= p;
      e[end] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    r = (d[i] - g) * s + 2 * c * b;
    p = s * r;
    d[i + 1] = g + p;
    g = c * r - b;
    turns.add(i, s, c);
  }
  d[l] -= p;
  e[l] = g;
  e[end] = 0;
}

/** Columns turned together: as many as have their running values in registers. */
const panel = 4;

/**
 * Rotations of neighbouring rows, noted first and applied to a few columns at a time: about n² of them pass over the matrix, which
 * would be read from main memory each time. A sweep turns rows i and i + 1, then i − 1 and i, …: the row they share stays in
 * registers. Memory 20 bytes a rotation.
 */
class Rotations {
  private row: Int32Array;
  private sine: Float64Array;
  private cosine: Float64Array;
  private count = 0;

  constructor(private readonly n: number) {
    const room = Math.max(16, n * n);
    this.row = new Int32Array(room);
    this.sine = new Float64Array(room);
    this.cosine = new Float64Array(room);
  }

  /** Turns rows i and i + 1. */
  add(i: number, s: number, c: number): void {
    if (this.count === this.row.length) this.grow();
    this.row[this.count] = i;
    this.sine[this.count] = s;
    this.cosine[this.count++] = c;
  }

  private grow(): void {
    const row = new Int32Array(2 * this.count);
    const [sine, cosine] = [new Float64Array(2 * this.count), new Float64Array(2 * this.count)];
    row.set(this.row);
    sine.set(this.sine);
    cosine.set(this.cosine);
    [this.row, this.sine, this.cosine] = [row, sine, cosine];
  }

  /** Applies them in order to the rows of z [n, n]. */
  apply(z: Float64Array): void {
    const { n } = this;
    const part = new Float64Array(n * panel);
    for (let from = 0; from < n; from += panel) {
      const width = Math.min(panel, n - from);
      for (let i = 0; i < n; i++) for (let k = 0; k < width; k++) part[i * panel + k] = z[i * n + from + k];
      this.turn(part);
      for (let i = 0; i < n; i++) for (let k = 0; k < width; k++) z[i * n + from + k] = part[i * panel + k];
    }
  }

  /** Rows i + 1 ← s·row i + c·row i+1, i ← c·row i − s·row i+1, on [n, panel]. */
  private turn(part: Float64Array): void {
    const { row, sine, cosine, count } = this;
    let [f0, f1, f2, f3] = [0, 0, 0, 0];
    // Place of the row held in f0 … f3.
    let held = -1;
    for (let t = 0; t < count; t++) {
      const a = row[t] * panel;
      const b = a + panel;
      const s = sine[t];
      const c = cosine[t];
      if (b !== held) {
        if (held >= 0) {
          part[held] = f0;
          part[held + 1] = f1;
          part[held + 2] = f2;
          part[held + 3] = f3;
        }
        f0 = part[b];
        f1 = part[b + 1];
        f2 = part[b + 2];
        f3 = part[b + 3];
      }
      const h0 = part[a];
      const h1 = part[a + 1];
      const h2 = part[a + 2];
      const h3 = part[a + 3];
      part[b] = s * h0 + c * f0;
      part[b + 1] = s * h1 + c * f1;
      part[b + 2] = s * h2 + c * f2;
      part[b + 3] = s * h3 + c * f3;
      f0 = c * h0 - s * f0;
      f1 = c * h1 - s * f1;
      f2 = c * h2 - s * f2;
      f3 = c * h3 - s * f3;
      held = a;
    }
    if (held < 0) return;
    part[held] = f0;
    part[held + 1] = f1;
    part[held + 2] = f2;
    part[held + 3] = f3;
  }
}
