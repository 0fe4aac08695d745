// The kernels of small graphs against Math and plain loops: every length around whole vectors, numbers at the ends of float32.
import { describe, expect, test } from "vitest";
import { kernelsOn } from "../../../src/engines/kernels/library";
import { Rng } from "../../../src/util/rng";
import { newMemory } from "../../../src/util/wasm/instance";

const memory = newMemory(1 << 20);
const heap = new Float32Array(memory.buffer);
const kernels = kernelsOn(memory);
const rng = new Rng(5, "kernels");
/** Places of three arrays, as floats and as byte addresses. */
const [A, B, O] = [1024, 65536, 131072];

const fill = (at: number, count: number, size = 1): Float32Array => {
  for (let i = 0; i < count; i++) heap[at + i] = size * (2 * rng.uniform() - 1);
  return heap.slice(at, at + count);
};

/** Two units in the last place of float32, or of the smallest normal number. */
const close = (actual: number, expected: number): boolean =>
  Object.is(actual, expected) ||
  Math.abs(actual - expected) <= 2.4e-7 * Math.max(Math.abs(expected), 2 ** -126);

describe.each([
  { name: "tanh", f: Math.tanh },
  { name: "exp", f: Math.exp },
  { name: "sigmoid", f: (x: number) => 1 / (1 + Math.exp(-x)) },
  { name: "reciprocal", f: (x: number) => 1 / x },
  { name: "neg", f: (x: number) => -x },
  { name: "relu", f: (x: number) => (x > 0 ? x : x < 0 ? 0 : x + 0) },
  { name: "step", f: (x: number) => (x > 0 ? 1 : Number.isNaN(x) ? x : 0) },
] as const)("$name", ({ name, f }) => {
  test.each([1e-6, 1e-2, 1, 10, 100])("numbers up to %f are right to float32", (size) => {
    const x = fill(A, 999, size);
    kernels[name](4 * A, 4 * O, 999);
    x.forEach((value, i) => {
      const expected = Math.fround(f(value));
      expect(close(heap[O + i], expected), `${name}(${value}) = ${expected}, got ${heap[O + i]}`).toBe(true);
    });
  });

  test("NaN, infinities, zeros and the edge of overflow", () => {
    const x = [NaN, Infinity, -Infinity, 0, 88.7, 88.8, -87.3, -103, -104, -110, 1e-38];
    heap.set(x, A);
    kernels[name](4 * A, 4 * O, x.length);
    x.forEach((value, i) => {
      const expected = Math.fround(f(Math.fround(value)));
      expect(
        close(heap[O + i] + 0, expected + 0),
        `${name}(${value}) = ${expected}, got ${heap[O + i]}`,
      ).toBe(true);
    });
  });
});

test("tanh keeps the sign of zero", () => {
  heap.set([0, -0], A);
  kernels.tanh(4 * A, 4 * O, 2);
  expect([...heap.subarray(O, O + 2)]).toEqual([0, -0]);
});

const sizes = [1, 2, 3, 4, 5, 7, 8, 13];

test("matrix products of every size around four are those of plain loops, and write nothing behind their last vector", () => {
  for (const m of sizes)
    for (const n of sizes)
      for (const k of [1, 3, 8]) {
        const [a, b] = [fill(A, m * k), fill(B, k * n)];
        heap.fill(777, O, O + 300);
        kernels.matmul(4 * A, 4 * B, 4 * O, m, n, k);
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) {
            let sum = 0;
            for (let l = 0; l < k; l++) sum += a[i * k + l] * b[l * n + j];
            expect(Math.abs(heap[O + i * n + j] - sum), `${m} ${n} ${k}: ${i}, ${j}`).toBeLessThan(1e-6);
          }
        expect(heap[O + 4 * Math.ceil((m * n) / 4) + 4]).toBe(777);
      }
});

test("sums over rows and over columns of every size are those of plain loops", () => {
  for (const m of sizes)
    for (const n of sizes) {
      const x = fill(A, m * n);
      kernels.sumRows(4 * A, 4 * O, m, n);
      kernels.sumColumns(4 * A, 4 * B, m, n);
      for (let j = 0; j < n; j++) {
        const sum = Array.from({ length: m }, (_, i) => x[i * n + j]).reduce((p, q) => p + q);
        expect(heap[O + j]).toBeCloseTo(sum, 6);
      }
      for (let i = 0; i < m; i++)
        expect(heap[B + i]).toBeCloseTo(
          x.subarray(i * n, (i + 1) * n).reduce((p, q) => p + q),
          6,
        );
    }
});

test("a sum of many equal numbers is exact: float64 inside", () => {
  heap.fill(0.1, A, A + 50_000);
  kernels.sumColumns(4 * A, 4 * O, 1, 50_000);
  expect(heap[O]).toBe(Math.fround(50_000 * Math.fround(0.1)));
});

test("operands that stay at their first number, on either side", () => {
  const [x, y] = [fill(A, 6), fill(B, 6)];
  const expected = {
    subLeft: y.map((b) => x[0] - b),
    subRight: x.map((a) => a - y[0]),
    divLeft: y.map((b) => x[0] / b),
    divRight: x.map((a) => a / y[0]),
  };
  for (const name of Object.keys(expected) as (keyof typeof expected)[]) {
    kernels[name](4 * A, 4 * B, 4 * O, 6);
    expect([...heap.subarray(O, O + 6)]).toEqual([...expected[name]]);
  }
});
