// Vectors as flat arrays; sums are kept in float64 whatever the storage.

export type Vector = Float32Array | Float64Array;

/** ⟨a, b⟩; 2P flops. */
export function dot(a: Vector, b: Vector): number {
  let s = 0;
  for (let i = 0; i < a.length; i++) s += a[i] * b[i];
  return s;
}

/** ‖a‖₂. */
export const norm = (a: Vector): number => Math.sqrt(dot(a, a));

/** y ← y + α x. */
export function axpy(alpha: number, x: Vector, y: Vector): void {
  for (let i = 0; i < y.length; i++) y[i] += alpha * x[i];
}

/** x ← α x. */
export function scale(alpha: number, x: Vector): void {
  for (let i = 0; i < x.length; i++) x[i] *= alpha;
}
