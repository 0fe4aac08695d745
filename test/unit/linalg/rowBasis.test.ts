import { describe, expect, it } from "vitest";
import { jsGemm } from "../../../src/util/linalg/jsGemm";
import { rowBasis } from "../../../src/util/linalg/rowBasis";
import { Rng } from "../../../src/util/rng";

const random = (rows: number, columns: number, seed = 0): Float64Array => {
  const rng = new Rng(seed, "rows");
  return Float64Array.from({ length: rows * columns }, () => rng.normal());
};

/** The largest entry of |QQᵀ − 1|, and of |X − CQ| as a share of X's largest. */
async function deviations(x: Float64Array, rows: number, columns: number) {
  const found = (await rowBasis(x, { rows, columns }, jsGemm))!;
  const { rank, basis, coordinates } = found;
  let [across, off, size] = [0, 0, 0];
  for (let i = 0; i < rank; i++)
    for (let j = 0; j < rank; j++) {
      let sum = i === j ? -1 : 0;
      for (let c = 0; c < columns; c++) sum += basis[i * columns + c] * basis[j * columns + c];
      across = Math.max(across, Math.abs(sum));
    }
  for (let i = 0; i < rows; i++)
    for (let c = 0; c < columns; c++) {
      let sum = -x[i * columns + c];
      for (let r = 0; r < rank; r++) sum += coordinates[i * rank + r] * basis[r * columns + c];
      off = Math.max(off, Math.abs(sum));
      size = Math.max(size, Math.abs(x[i * columns + c]));
    }
  return { rank, across, off: off / size };
}

describe("an orthonormal basis of rows", () => {
  it("is orthonormal and spans them, also over several blocks", async () => {
    const { rank, across, off } = await deviations(random(150, 400), 150, 400);
    expect(rank).toBe(150);
    expect(across).toBeLessThan(1e-13);
    expect(off).toBeLessThan(1e-13);
  });

  it("counts directions, not rows: copies, sums, zeros and more rows than columns add none", async () => {
    const x = new Float64Array(200 * 300);
    const own = random(70, 300);
    for (let i = 0; i < 200; i++)
      for (let c = 0; c < 300; c++)
        x[i * 300 + c] =
          i < 70 ? own[i * 300 + c] : i < 130 ? own[(i - 70) * 300 + c] + own[(i - 69) * 300 + c] : 0;
    const { rank, across, off } = await deviations(x, 200, 300);
    expect(rank).toBe(70);
    expect(across).toBeLessThan(1e-12);
    expect(off).toBeLessThan(1e-12);
    expect((await deviations(random(90, 20), 90, 20)).rank).toBe(20);
  });

  it("stays orthonormal where rows nearly agree", async () => {
    const x = random(100, 200);
    const nudge = random(100, 200, 1);
    for (let i = 1; i < 100; i++)
      for (let c = 0; c < 200; c++) x[i * 200 + c] = x[c] + 10 ** -(i % 7) * nudge[i * 200 + c];
    const { across, off } = await deviations(x, 100, 200);
    expect(across).toBeLessThan(1e-9);
    expect(off).toBeLessThan(1e-7);
  });

  it("is refused where a number is not finite", async () => {
    const x = random(4, 9);
    x[11] = NaN;
    expect(await rowBasis(x, { rows: 4, columns: 9 }, jsGemm)).toBeNull();
  });
});
