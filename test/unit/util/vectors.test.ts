// Vectors in one memory against plain loops: lengths around whole groups of four, reuse of a memory that is not clean.
import { expect, test } from "vitest";
import { Vectors } from "../../../src/util/linalg/vectors";
import { Rng } from "../../../src/util/rng";

test.each([1, 2, 3, 4, 5, 63, 1001])(
  "sums and combinations of vectors of length %i are those of plain loops",
  (size) => {
    // The memory given back holds numbers where a shorter vector must have zeros.
    const dirty = new Vectors(size + 7, 8);
    for (let i = 0; i < 8; i++) dirty.view(dirty.take()).fill(NaN);
    dirty.release();

    const rng = new Rng(3, "vectors");
    const vectors = new Vectors(size, 8);
    const columns = Array.from({ length: 6 }, () => vectors.take());
    const w = vectors.take();
    for (const i of [...columns, w]) vectors.view(i).forEach((_, j, view) => (view[j] = rng.normal()));
    const inner = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const scale = Math.sqrt(size);
    vectors.dots(columns, w).forEach((value, i) => {
      expect(Math.abs(value - inner(vectors.view(columns[i]), vectors.view(w)))).toBeLessThan(
        1e-6 * scale + 1e-6,
      );
    });
    expect(vectors.norm(w)).toBeCloseTo(Math.hypot(...vectors.view(w)), 5);

    const c = columns.map(() => rng.normal());
    const sum = Array.from({ length: size }, (_, j) =>
      columns.reduce((total, u, i) => total + c[i] * vectors.view(u)[j], 0),
    );
    const before = vectors.view(w).slice();
    vectors.add(c, columns, w);
    vectors.view(w).forEach((value, j) => expect(value).toBeCloseTo(before[j] + sum[j], 4));
    vectors.set(c, columns, w);
    vectors.view(w).forEach((value, j) => expect(value).toBeCloseTo(sum[j], 4));
    vectors.set([2], [w], w);
    vectors.view(w).forEach((value, j) => expect(value).toBeCloseTo(2 * sum[j], 4));
    vectors.release();
  },
);

test.each([1, 4, 7, 1001])("without WebAssembly every number is the same, length %i", (size) => {
  const rng = new Rng(5, "plain");
  const values = Array.from({ length: 7 }, () => Float32Array.from({ length: size }, () => rng.normal()));
  const factors = values.map(() => rng.normal());
  const [fast, plain] = [false, true].map((without) => {
    const vectors = new Vectors(size, 8, without);
    const columns = values.map((own) => {
      const i = vectors.take();
      vectors.view(i).set(own);
      return i;
    });
    const [w, out] = [columns.pop()!, vectors.take()];
    const dots = vectors.dots(columns, w);
    vectors.add(factors, columns, w);
    vectors.set(factors, columns, out);
    const found = { dots, added: [...vectors.view(w)], set: [...vectors.view(out)] };
    vectors.release();
    return found;
  });
  expect(plain).toEqual(fast);
});

test("what a user left behind the end of a vector is nothing to the next of the same length", () => {
  const sum = (): number => {
    const vectors = new Vectors(5, 3);
    const [a, b] = [vectors.take(), vectors.take()];
    vectors.view(a).fill(1);
    vectors.view(b).fill(2);
    const [value] = vectors.dots([a], b);
    vectors.set([NaN, 1], [a, b], vectors.take());
    vectors.set([NaN], [a], a);
    vectors.release();
    return value;
  };
  expect([sum(), sum(), sum()]).toEqual([10, 10, 10]);
});

test("a vector given back is taken again; one too many is a mistake of the caller", () => {
  const vectors = new Vectors(4, 2);
  const [a, b] = [vectors.take(), vectors.take()];
  expect(() => vectors.take()).toThrow("no vector is left");
  vectors.give(a);
  expect(vectors.take()).toBe(a);
  expect(b).not.toBe(a);
});
