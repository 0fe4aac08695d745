// The growth of E‖δ‖⁴ against the whole Kronecker matrix over every batch there is, and the bound on the sharpest example it implies.
import { expect, test } from "vitest";
import { fourthMoment } from "../../../src/stability/fourthMoment";
import { factorSpectrum } from "../../../src/stability/secondMoment";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { add, identity, kron, overBatches, randomProblem, spectralRadius } from "../../support/linearModel";

const problems = [
  { n: 5, d: 3, K: 1, B: 1 },
  { n: 5, d: 3, K: 1, B: 2 },
  { n: 6, d: 3, K: 1, B: 4 },
  { n: 4, d: 3, K: 2, B: 1 },
  { n: 5, d: 3, K: 2, B: 3 },
  { n: 6, d: 2, K: 1, B: 5 },
  { n: 4, d: 3, K: 1, B: 4 },
];

test.each(problems)(
  "n = $n, d = $d, K = $K, B = $B: as the largest eigenvalue of E[(I − ηH_B)⊗⁴]",
  async ({ n, d, K, B }) => {
    const problem = randomProblem(n, d, K, 11);
    const factors = await factorSpectrum(problem.gram, { n, K }, "all");
    expect(factors.r).toBe(d);
    const { values } = symmetricEigen(problem.H, d);
    const growthAt = async (eta: number) =>
      (await fourthMoment(factors, { learningRate: eta, batchSize: B }))!;
    for (const share of [0.1, 0.4, 1.1, 2]) {
      const eta = (share * 2) / values[0];
      const Q = overBatches(problem, B, (HB) => {
        const M = add([1, identity(d)], [-eta, HB]);
        const MM = kron(M, M, d);
        return kron(MM, MM, d * d);
      });
      const { growth, error } = await growthAt(eta);
      const exact = spectralRadius(Q, d ** 4);
      expect(Math.abs(growth / exact - 1), `η = ${eta}: ${growth}, exactly ${exact}`).toBeLessThan(1e-5);
      expect(error / exact).toBeLessThan(1e-6);
    }
    // Up to the learning rate at which it does not grow, no example is sharper than (2/η)(nB³)^¼.
    let [low, high] = [0, 4 / values[0]];
    for (let i = 0; i < 30; i++) {
      const middle = (low + high) / 2;
      if ((await growthAt(middle)).growth <= 1) low = middle;
      else high = middle;
    }
    expect(low).toBeGreaterThan(0);
    const sharpest = Math.max(...problem.each.map((h) => symmetricEigen(h, d).values[0]));
    expect(sharpest).toBeLessThanOrEqual((2 / low) * (n * B ** 3) ** 0.25);
  },
);

test("of a sample each sum stands for that over all examples: two copies of every example change nothing that B = 1 sees", async () => {
  const problem = randomProblem(4, 3, 1, 2);
  const factors = await factorSpectrum(problem.gram, { n: 4, K: 1 }, "all");
  const of = async (population?: number) =>
    (await fourthMoment({ ...factors, population }, { learningRate: 0.1, batchSize: 1 }))!.growth;
  expect(await of(8)).toBeCloseTo(await of(), 10);
});
