// An orthonormal basis of the rows of a matrix, in float64, block by block so that the work is products of matrices.
import type { Gemm } from "../gemm";

export interface RowBasis {
  readonly rank: number;
  /** Q [rank, columns]: orthonormal rows that span those of X. */
  readonly basis: Float64Array;
  /** X Qᵀ, [rows, rank]. */
  readonly coordinates: Float64Array;
}

/** Rows that are made orthogonal to one another at once. */
const block = 64;
/** A row that lies across those before it by this share of its length, or less, adds no direction: float32 holds no more of it. */
const dependent = 2 ** -25;
/** With less than this share left, what was taken away has left its rounding behind, and is taken away again. */
const repeated = 1e-3;
const mostPasses = 3;
/** How far Q may be from orthonormal, and the squared length of a row from that of its coordinates. */
const tolerance = 1e-6;

/**
 * X [rows, columns] = coordinates · basis, up to float32's last place. Costs 3 to 7 rows² · columns multiplications.
 *
 * @returns  null where X is not finite, or its rows are so nearly dependent that float64 cannot tell their directions.
 * @source block Gram–Schmidt, Cholesky inside a block: Stewart, SIAM J. Sci. Comput. 2008; "twice is enough": Parlett, §6.9.
 */
export async function rowBasis(
  x: Float64Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
  gemm: Gemm,
): Promise<RowBasis | null> {
  // Taken once: what grew block by block would be garbage of many times its size.
  const room = new Float64Array(Math.min(rows, columns) * columns);
  let rank = 0;
  const parts: { readonly values: Float64Array; readonly rank: number }[] = [];
  for (let start = 0; start < rows; start += block) {
    const own = x.subarray(start * columns, (start + block) * columns);
    const fresh = await orthonormalRows(own.slice(), room.subarray(0, rank * columns), columns, gemm);
    if (rank * columns + fresh.length > room.length) return null;
    room.set(fresh, rank * columns);
    rank += fresh.length / columns;
    const m = own.length / columns;
    const known = room.subarray(0, rank * columns);
    parts.push({ values: await gemm(own, known, { m, n: rank, k: columns, transposeB: true }), rank });
  }
  const basis = room.subarray(0, rank * columns);
  const coordinates = new Float64Array(rows * rank);
  parts.forEach(({ values, rank: known }, b) => {
    for (let i = 0; i * known < values.length; i++)
      coordinates.set(values.subarray(i * known, (i + 1) * known), (b * block + i) * rank);
  });
  const found = { rank, basis, coordinates };
  return isOrthonormal(found, columns) && holdsLengths(x, found, columns) ? found : null;
}

/** What rows [m, columns], which are written over, add to an orthonormal basis: orthonormal rows across it, at most m. */
async function orthonormalRows(
  rows: Float64Array,
  basis: Float64Array,
  columns: number,
  gemm: Gemm,
): Promise<Float64Array> {
  const rank = basis.length / columns;
  let [values, lengths] = [rows, squaredLengths(rows, columns)];
  for (let pass = 0; pass < mostPasses && values.length > 0; pass++) {
    const m = values.length / columns;
    if (rank > 0) {
      const along = await gemm(values, basis, { m, n: rank, k: columns, transposeB: true });
      const shadow = await gemm(along, basis, { m, n: columns, k: rank });
      for (let i = 0; i < values.length; i++) values[i] -= shadow[i];
    }
    const inner = await gemm(values, values, { m, n: m, k: columns, transposeB: true });
    const { transform, kept, least } = unitTriangle(inner, lengths);
    values = kept === 0 ? new Float64Array(0) : await gemm(transform, values, { m: kept, n: columns, k: m });
    lengths = new Float64Array(kept).fill(1);
    if (least > repeated) break;
  }
  return values;
}

/**
 * T [kept, m] with T A Tᵀ = 1 for inner products A [m, m]: the inverse of its Cholesky factor, without the rows that add nothing to
 * those before them.
 * @param lengths  Squared lengths of the rows before anything was taken from them, [m].
 */
function unitTriangle(inner: Float64Array, lengths: Float64Array) {
  const m = lengths.length;
  const rows: Float64Array[] = [];
  let least = Infinity;
  for (let i = 0; i < m; i++) {
    // Row i less what lies along the unit rows found so far, in terms of the given rows.
    const own = new Float64Array(m);
    own[i] = 1;
    let left = inner[i * m + i];
    for (const row of rows) {
      let along = 0;
      for (let j = 0; j <= i; j++) along += row[j] * inner[i * m + j];
      left -= along * along;
      for (let j = 0; j <= i; j++) own[j] -= along * row[j];
    }
    const share = lengths[i] > 0 ? Math.sqrt(Math.max(0, left) / lengths[i]) : 0;
    if (!(share > dependent)) continue;
    least = Math.min(least, share);
    rows.push(own.map((value) => value / Math.sqrt(left)));
  }
  const transform = new Float64Array(rows.length * m);
  rows.forEach((row, i) => transform.set(row, i * m));
  return { transform, kept: rows.length, least };
}

const squaredLengths = (rows: Float64Array, columns: number): Float64Array =>
  Float64Array.from({ length: rows.length / columns }, (_, i) => {
    let sum = 0;
    for (let j = i * columns; j < (i + 1) * columns; j++) sum += rows[j] * rows[j];
    return sum;
  });

/** Whether Q(Qᵀu) is u along a direction that no structure of Q favours. */
function isOrthonormal({ rank, basis }: RowBasis, columns: number): boolean {
  const u = Float64Array.from({ length: rank }, (_, i) => Math.cos(1 + i * i));
  const back = new Float64Array(columns);
  for (let i = 0; i < rank; i++) for (let j = 0; j < columns; j++) back[j] += u[i] * basis[i * columns + j];
  for (let i = 0; i < rank; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += basis[i * columns + j] * back[j];
    if (!(Math.abs(sum - u[i]) <= tolerance)) return false;
  }
  return true;
}

function holdsLengths(x: Float64Array, { rank, coordinates }: RowBasis, columns: number): boolean {
  const lengths = squaredLengths(x, columns);
  if (rank === 0) return lengths.every((length) => length === 0);
  return squaredLengths(coordinates, rank).every(
    (length, i) => Math.abs(length - lengths[i]) <= tolerance * lengths[i],
  );
}
