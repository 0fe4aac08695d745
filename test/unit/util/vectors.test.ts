// Vectors in one memory against plain loops: lengths around whole groups of four, reuse of a memory that is not clean.
import { expect, test } from "vitest";
import { plainRoom, Vectors } from "../../../src/util/linalg/vectors";
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

test.each([1, 5, 63])("without WebAssembly vectors of length %i give the same up to rounding", (size) => {
  const rng = new Rng(4, "plain");
  const [fast, plain] = [new Vectors(size, 8), new Vectors(size, 8, plainRoom)];
  const ids = Array.from({ length: 7 }, () => [fast.take(), plain.take()]);
  for (const [a, b] of ids)
    fast.view(a).forEach((_, j) => (fast.view(a)[j] = plain.view(b)[j] = rng.normal()));
  const [from, [, w]] = [ids.slice(0, 6).map(([a]) => a), ids[6]];
  plain.dots(from, w).forEach((value, i) => expect(value).toBeCloseTo(fast.dots(from, w)[i], 4));
  const c = from.map(() => rng.normal());
  for (const vectors of [fast, plain]) vectors.add(c, from, w);
  plain.view(w).forEach((value, j) => expect(value).toBeCloseTo(fast.view(w)[j], 4));
  for (const vectors of [fast, plain]) vectors.set(c, from, w);
  plain.view(w).forEach((value, j) => expect(value).toBeCloseTo(fast.view(w)[j], 4));
});

test("a vector given back is taken again; one too many is a mistake of the caller", () => {
  const vectors = new Vectors(4, 2);
  const [a, b] = [vectors.take(), vectors.take()];
  expect(() => vectors.take()).toThrow("no vector is left");
  vectors.give(a);
  expect(vectors.take()).toBe(a);
  expect(b).not.toBe(a);
});
