// The eigenpair tracker and the trace estimates against dense eigenvalues: cold, warm, crossing, indefinite, broken.
import { expect, test } from "vitest";
import type { LinearOperator } from "../../../src/curvature/operator";
import { traceAndNorm } from "../../../src/curvature/trace";
import { EigenTracker } from "../../../src/curvature/tracker";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";

const matrixOperator = (a: Float64Array, size: number): LinearOperator => ({
  size,
  apply: (v, out) => {
    for (let i = 0; i < size; i++) {
      let s = 0;
      for (let j = 0; j < size; j++) s += a[i * size + j] * v[j];
      out[i] = s;
    }
    return Promise.resolve();
  },
});

/** Q diag(values) Qᵀ with a random orthogonal Q, the same for the same seed. */
function withSpectrum(values: readonly number[], seed: number): Float64Array {
  const n = values.length;
  const rng = new Rng(seed);
  const g = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) g[i * n + j] = g[j * n + i] = rng.normal();
  const { vectors } = symmetricEigen(g, n);
  const a = new Float64Array(n * n);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) a[i * n + j] += values[k] * vectors[k * n + i] * vectors[k * n + j];
  return a;
}

const decaying = (n: number, top: number): number[] => Array.from({ length: n }, (_, i) => top * 0.8 ** i);

test.each([
  ["a decaying spectrum", decaying(120, 10)],
  ["a clustered top", [5, 4.99, 4.98, ...Array.from({ length: 97 }, (_, i) => 4 * 0.9 ** i)]],
  ["a large negative eigenvalue", [3, 2, ...Array.from({ length: 97 }, (_, i) => 0.5 * 0.9 ** i), -40]],
  ["all eigenvalues negative", Array.from({ length: 50 }, (_, i) => -1 - i)],
  ["dimension 1", [7]],
  ["dimension 2", [2, -1]],
  ["the zero matrix", [0, 0, 0]],
])("cold, with %s, the largest algebraic eigenvalue lies within the residual", async (_title, spectrum) => {
  const n = spectrum.length;
  const op = matrixOperator(withSpectrum(spectrum, n), n);
  const tracker = new EigenTracker({ size: n, top: 2, tolerance: 1e-4, rng: new Rng(1), maxProducts: 300 });
  const { values, errors, converged } = await tracker.measure(op);
  const exact = Math.max(...spectrum);
  expect(converged).toBe(true);
  expect(Math.abs(values[0] - exact)).toBeLessThanOrEqual(errors[0] + 1e-5 * (Math.abs(exact) + 1));
  expect(errors[0]).toBeLessThanOrEqual(1e-4 * Math.abs(exact) + 1e-5);
});

test("asked for vectors, every wanted pair meets the tolerance", async () => {
  const spectrum = decaying(200, 8);
  const tracker = new EigenTracker({
    size: 200,
    top: 12,
    tolerance: 1e-3,
    demand: "vectors",
    rng: new Rng(3),
  });
  const { values, errors } = await tracker.measure(matrixOperator(withSpectrum(spectrum, 2), 200));
  values.forEach((value, i) => {
    expect(errors[i]).toBeLessThanOrEqual(1e-3 * value);
    expect(Math.abs(value / spectrum[i] - 1)).toBeLessThan(1e-4);
  });
});

test("warm on a slowly drifting operator, the median reading costs at most 4 products", async () => {
  const n = 150;
  const a = withSpectrum(decaying(n, 20), 4);
  const drift = withSpectrum(
    Array.from({ length: n }, (_, i) => Math.sin(i)),
    5,
  );
  const tracker = new EigenTracker({ size: n, top: 1, tolerance: 1e-3, rng: new Rng(1) });
  const costs: number[] = [];
  for (let t = 0; t < 40; t++) {
    const now = a.map((x, i) => x + 0.01 * t * drift[i]);
    const { values, products, errors } = await tracker.measure(matrixOperator(now, n));
    const exact = symmetricEigen(now, n).values[0];
    expect(Math.abs(values[0] - exact)).toBeLessThanOrEqual(errors[0] + 1e-4);
    if (t > 0) costs.push(products);
  }
  expect(costs.sort((x, y) => x - y)[costs.length >> 1]).toBeLessThanOrEqual(4);
});

test("when the second eigenvalue overtakes the first, the tracker follows the larger one", async () => {
  const n = 60;
  const tracker = new EigenTracker({ size: n, top: 1, tolerance: 1e-3, rng: new Rng(1) });
  for (let t = 0; t <= 20; t++) {
    const spectrum = [10 - 0.2 * t, 7 + 0.2 * t, ...decaying(n - 2, 3)];
    const { values } = await tracker.measure(matrixOperator(withSpectrum(spectrum, 6), n));
    expect(Math.abs(values[0] - Math.max(spectrum[0], spectrum[1]))).toBeLessThan(0.02);
  }
});

test("a restored tracker gives the same reading, bit for bit", async () => {
  const op = matrixOperator(withSpectrum(decaying(80, 5), 8), 80);
  const first = new EigenTracker({ size: 80, top: 2, tolerance: 1e-3, rng: new Rng(1) });
  await first.measure(op);
  const second = new EigenTracker({ size: 80, top: 2, tolerance: 1e-3, rng: new Rng(99) });
  second.restore(first.state);
  expect((await second.measure(op)).values).toEqual((await first.measure(op)).values);
});

test("an operator that answers NaN gives a NaN reading, and ends", async () => {
  const op: LinearOperator = { size: 10, apply: (_v, out) => Promise.resolve(void out.fill(NaN)) };
  const { values, converged } = await new EigenTracker({
    size: 10,
    top: 1,
    tolerance: 1e-3,
    rng: new Rng(1),
  }).measure(op);
  expect(values).toEqual([NaN]);
  expect(converged).toBe(false);
});

test("trace and Frobenius norm are exact for small operators and within four standard errors for large ones", async () => {
  for (const n of [30, 400]) {
    const spectrum = Array.from({ length: n }, (_, i) => Math.cos(i) + 0.5);
    const { trace, frobenius } = await traceAndNorm(matrixOperator(withSpectrum(spectrum, n), n), new Rng(5));
    const exact = spectrum.reduce((a, b) => a + b);
    const norm = Math.hypot(...spectrum);
    expect(trace.error === 0).toBe(n === 30);
    expect(Math.abs(trace.value - exact)).toBeLessThan(4 * trace.error + 1e-4);
    expect(Math.abs(frobenius.value - norm)).toBeLessThan(4 * frobenius.error + 1e-4);
  }
});

test("an eigenvalue that stands there several times is found as often as it is wanted", async () => {
  const spectrum = [5, 5, 5, ...Array.from({ length: 97 }, (_, i) => 3 * 0.95 ** i)];
  for (const demand of ["values", "vectors"] as const) {
    const tracker = new EigenTracker({ size: 100, top: 4, tolerance: 1e-4, demand, rng: new Rng(2) });
    const { values, vectors } = await tracker.measure(matrixOperator(withSpectrum(spectrum, 9), 100));
    [5, 5, 5, 3].forEach((value, i) => expect(Math.abs(values[i] - value)).toBeLessThan(2e-3));
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < i; j++)
        expect(Math.abs(vectors[i].reduce((sum, x, k) => sum + x * vectors[j][k], 0))).toBeLessThan(1e-4);
  }
});

test("every value that is wanted lies within its own error, close pairs too", async () => {
  const spectrum = [8, 7.9, 7.85, 6, ...Array.from({ length: 146 }, (_, i) => 5 * 0.9 ** i)];
  const tracker = new EigenTracker({ size: 150, top: 4, tolerance: 1e-3, rng: new Rng(4) });
  const { values, errors, converged } = await tracker.measure(
    matrixOperator(withSpectrum(spectrum, 12), 150),
  );
  expect(converged).toBe(true);
  values.forEach((value, i) => {
    expect(errors[i]).toBeLessThanOrEqual(8e-3);
    expect(Math.abs(value - spectrum[i])).toBeLessThanOrEqual(errors[i] + 1e-5);
  });
});

test("asked for vectors of eigenvalues far below the first, the search goes on until they meet the tolerance", async () => {
  const spectrum = Array.from({ length: 300 }, (_, i) => (i < 4 ? 1e4 - 1e3 * i : 0.98 ** i));
  const tracker = new EigenTracker({
    size: 300,
    top: 32,
    tolerance: 1e-2,
    demand: "vectors",
    maxProducts: 1000,
    rng: new Rng(6),
  });
  const { values, errors, converged } = await tracker.measure(
    matrixOperator(withSpectrum(spectrum, 41), 300),
  );
  expect(converged).toBe(true);
  values.forEach((value, i) => {
    expect(errors[i]).toBeLessThanOrEqual(1e-2 * value);
    expect(Math.abs(value / spectrum[i] - 1)).toBeLessThan(2e-2);
  });
});

test("no error bar is finer than float32", async () => {
  const op = matrixOperator(withSpectrum([5, 1, ...new Array<number>(58).fill(0)], 31), 60);
  const tracker = new EigenTracker({ size: 60, top: 1, tolerance: 1e-3, rng: new Rng(1) });
  for (let reading = 0; reading < 3; reading++) {
    const { values, errors } = await tracker.measure(op);
    expect(errors[0]).toBeGreaterThan(1e-8);
    expect(Math.abs(values[0] - 5)).toBeLessThanOrEqual(errors[0] + 5e-6);
  }
});

test("on a steady motion the vectors are foretold: fewer products than from where they were", async () => {
  const n = 120;
  const a = withSpectrum(decaying(n, 10), 21);
  const turn = withSpectrum(
    Array.from({ length: n }, (_, i) => Math.cos(3 * i)),
    22,
  );
  const at = (t: number) =>
    matrixOperator(
      a.map((x, i) => x + 0.3 * t * turn[i]),
      n,
    );
  const options = { size: n, top: 1, tolerance: 1e-5, rng: new Rng(1) };
  const moving = new EigenTracker(options);
  let [withMotion, without] = [0, 0];
  for (let t = 0; t < 20; t++) {
    const still = new EigenTracker(options);
    // The last vectors alone, without where they came from.
    still.startFrom([...moving.state].filter(([name]) => name.startsWith("kept.")).map(([, v]) => v));
    without += (await still.measure(at(t))).products;
    withMotion += (await moving.measure(at(t))).products;
  }
  expect(withMotion).toBeLessThan(0.9 * without);
});

test("a restored tracker that foretells gives the same reading, bit for bit", async () => {
  const n = 60;
  const a = withSpectrum(decaying(n, 5), 8);
  const turn = withSpectrum(decaying(n, 1), 9);
  const at = (t: number) =>
    matrixOperator(
      a.map((x, i) => x + 0.05 * t * turn[i]),
      n,
    );
  const first = new EigenTracker({ size: n, top: 2, tolerance: 1e-4, rng: new Rng(1) });
  for (let t = 0; t < 5; t++) await first.measure(at(t));
  const second = new EigenTracker({ size: n, top: 2, tolerance: 1e-4, rng: new Rng(99) });
  second.restore(first.state);
  for (let t = 5; t < 8; t++)
    expect((await second.measure(at(t))).values).toEqual((await first.measure(at(t))).values);
});

test("an eigenvalue that rises where the tracked vectors do not reach is found when it overtakes", async () => {
  const n = 200;
  for (const top of [1, 2]) {
    const tracker = new EigenTracker({ size: n, top, tolerance: 1e-3, rng: new Rng(7) });
    for (let t = 0; t <= 200; t++) {
      const rising = 0.3 + 0.01 * t;
      // Diagonal: no residual of one vector ever shows another.
      const spectrum = Array.from({ length: n }, (_, i) => [1.75, 1.5, rising][i] ?? 0.6 * 0.97 ** i);
      const op: LinearOperator = {
        size: n,
        apply: (v, out) => Promise.resolve(spectrum.forEach((value, i) => (out[i] = value * v[i]))),
      };
      const { values } = await tracker.measure(op);
      // The scout looks at every fourth reading.
      if (Math.abs(rising - 1.75) > 0.05)
        expect(Math.abs(values[0] / Math.max(1.75, rising) - 1)).toBeLessThan(1e-3);
    }
  }
});

test("from nothing, the largest eigenvalue is found for 200 random starts, also beside strong others", async () => {
  for (let seed = 0; seed < 200; seed++) {
    const rng = new Rng(seed, "spectrum");
    const n = 40 + rng.below(60);
    const spectrum = [
      (i: number) => [1.75, 1.54][i] ?? 0.5 * 0.8 ** i,
      (i: number) => 1 / (1 + i),
      (i: number) => (i < 4 ? 1 - 0.03 * i : 0.3 * rng.uniform()),
    ].map((f) => Array.from({ length: n }, (_, i) => f(i)))[seed % 3];
    const op: LinearOperator = {
      size: n,
      apply: (v, out) => Promise.resolve(spectrum.forEach((value, i) => (out[i] = value * v[i]))),
    };
    const { values } = await new EigenTracker({
      size: n,
      top: 1,
      tolerance: 1e-3,
      rng: new Rng(seed),
    }).measure(op);
    expect(Math.abs(values[0] / spectrum[0] - 1), `start ${seed}`).toBeLessThan(1e-3);
  }
});

test("a search that is cut short knows no error from nothing, and keeps its bars where it started warm", async () => {
  const n = 80;
  const op = matrixOperator(withSpectrum(decaying(n, 5), 8), n);
  const options = { size: n, top: 1, tolerance: 1e-9, rng: new Rng(1) };
  const cold = await new EigenTracker(options).measure(op, () => true);
  expect(cold).toMatchObject({ cut: true, errors: [Infinity] });
  const warm = new EigenTracker({ ...options, tolerance: 1e-3 });
  const { values } = await warm.measure(op);
  const cut = await warm.measure(op, () => true);
  expect(cut.products).toBeLessThan(4);
  expect(Math.abs(cut.values[0] - values[0])).toBeLessThanOrEqual(cut.errors[0] + 1e-3 * values[0]);
});

test("vectors of another network's length are left out: the reading is the one from nothing", async () => {
  const values = decaying(12, 10);
  const op = matrixOperator(withSpectrum(values, 3), 12);
  const options = { size: 12, top: 2, tolerance: 1e-4 };
  const [cold, restored] = [1, 1].map((seed) => new EigenTracker({ ...options, rng: new Rng(seed) }));
  const long = new Float32Array(20).fill(1);
  restored.restore(new Map(["kept.0", "previous.0", "scout.0"].map((name) => [name, long])));
  expect((await restored.measure(op)).values).toEqual((await cold.measure(op)).values);
});

test.each([1e-44, 1e-26, 1e26])("curvatures of the size of %d stay inside float32", async (size) => {
  const apply = (v: Float32Array, out: Float32Array) => {
    for (let i = 0; i < out.length; i++) out[i] = (size * v[i]) / (i + 1);
    return Promise.resolve();
  };
  const tracker = new EigenTracker({ size: 20, top: 1, tolerance: 1e-3, rng: new Rng(1, "tiny") });
  const { values } = await tracker.measure({ size: 20, apply });
  // Below 1e-38 a number has few digits left, but it is one.
  expect(values[0] / size).toBeGreaterThan(size < 1e-38 ? 0.3 : 0.999);
  expect(values[0] / size).toBeLessThan(size < 1e-38 ? 2 : 1.001);
});
