// The runs of examples/paper/alignment: ‖H‖_F and the alignment of the noise at their ends in float64, against the bound of the paper.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainMeter } from "../../../src/curvature/meter";
import { openEngine } from "../../../src/engines";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Problem } from "../../../src/trainers/basin/problem";
import { Trainer } from "../../../src/trainers/basin/trainer";
import { gramOf, jacobian, tanhNet } from "../../support/tanhNet";

const file = join(import.meta.dirname, "../../../examples/paper/alignment/alignment.basin.json");
const { points, problems } = checkExperiment(readFileSync(file, "utf8"), file);

/**
 * L, ‖H‖_F and μ = tr(ΣgH)/(2L‖H‖_F²) at interpolation, where H = (1/n) Σ JᵢᵀJᵢ and ∇Lᵢ = rᵢJᵢ with residuals rᵢ, from the Gram matrix
 * JJᵀ alone: ‖H‖_F = ‖JJᵀ‖_F/n, JᵢHJᵢᵀ = (1/n) Σₖ (JᵢJₖᵀ)².
 */
async function reached(experiment: (typeof points)[number]["experiment"], steps: number) {
  const problem = await Problem.load(experiment, file, await openEngine("auto"));
  const trainer = await Trainer.open(problem, null, plainMeter());
  for (let t = 0; t < steps; t++) {
    await trainer.computeGradient();
    trainer.advance();
  }
  const { n, x, y } = problem.data.train;
  const net = tanhNet(Float64Array.from(x), 5, 60);
  const { f, J } = jacobian(net, Float64Array.from(trainer.point().theta));
  const gram = gramOf(J, n);
  const residual = f.map((value, i) => value - y[i]);
  const loss = residual.reduce((sum, r) => sum + r * r, 0) / (2 * n);
  const frobenius = Math.hypot(...gram) / n;
  // tr(ΣgH) = (1/n) Σ rᵢ² JᵢHJᵢᵀ − ∇LᵀH∇L, H∇L by way of J∇L.
  const pulled = Float64Array.from({ length: n }, (_, i) =>
    residual.reduce((sum, r, k) => sum + (r * gram[i * n + k]) / n, 0),
  );
  let noise = -pulled.reduce((sum, value) => sum + value * value, 0) / n;
  for (let i = 0; i < n; i++)
    for (let k = 0; k < n; k++) noise += (residual[i] * gram[i * n + k]) ** 2 / n ** 2;
  return { n, loss, frobenius, mu: noise / (2 * loss * frobenius ** 2) };
}

test("the noise lies along the curvature alike whatever the batch, the norm stays below the bound, and smaller batches end flatter", async () => {
  expect(problems).toEqual([]);
  const ends: { learningRate: number; B: number; frobenius: number }[] = [];
  for (const { experiment } of points) {
    const { learningRate, batchSize } = experiment.optimizer;
    // With single examples 0.15 diverges.
    if (learningRate === 0.15 && batchSize === 1) continue;
    const B = Number(batchSize);
    const { n, loss, frobenius, mu } = await reached(experiment, 12_000);
    const p = (n - B) / (B * (n - 1));
    const where = `η = ${learningRate}, B = ${B}`;
    expect(loss, where).toBeLessThan(2e-4);
    expect(mu, where).toBeGreaterThan(0.7);
    expect(mu, where).toBeLessThan(0.9);
    expect(frobenius, where).toBeLessThan(1 / (learningRate * Math.sqrt(p * mu)));
    ends.push({ learningRate, B, frobenius });
  }
  expect(ends).toHaveLength(11);
  const at = (rate: number, size: number) =>
    ends.find(({ learningRate, B }) => learningRate === rate && B === size)!.frobenius;
  for (const rate of [0.05, 0.1]) {
    expect(at(rate, 1)).toBeLessThan(at(rate, 2));
    expect(at(rate, 2)).toBeLessThan(at(rate, 4));
    expect(at(rate, 4)).toBeLessThan(at(rate, 8));
  }
  expect(at(0.1, 1)).toBeLessThan(0.85 * at(0.1, 8));
  expect(at(0.1, 1)).toBeLessThan(0.9 * at(0.05, 1));
});
