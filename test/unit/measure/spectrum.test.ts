// The spectrum probe of the Hessian and of its Gauss–Newton part against dense eigenvalues and moments.
import { beforeAll, describe, expect, test } from "vitest";
import { buildNetwork } from "../../../src/curvature/buildNetwork";
import { Curvature } from "../../../src/curvature/curvature";
import { viewsOf } from "../../../src/curvature/flat";
import type { LinearOperator } from "../../../src/curvature/operator";
import { onnxEngine } from "../../../src/engines/onnx/engine";
import { losses } from "../../../src/losses";
import { buildModel, initialize } from "../../../src/models";
import { unlimited } from "../../../src/measure/budget";
import { ProbeMemory } from "../../../src/measure/memory";
import type { Point } from "../../../src/measure/point";
import { spectrum } from "../../../src/measure/probes/spectrum";
import { ReadingsWriter } from "../../../src/run/readingsEvent";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { symmetricEigen } from "../../../src/util/linalg/symmetricEigen";
import { Rng } from "../../../src/util/rng";
import { uniform } from "../../support/numeric";

const [n, D, K] = [4, 3, 2];
const model = buildModel({ kind: "mlp", hidden: [5], activation: "tanh", bias: true }, [D], K);
const rng = new Rng(4, "spectrum");
const parts = { model, loss: losses["squared-error"], inputs: D, outputs: K };
const compiled = new Curvature(
  onnxEngine("test", { threads: 1 }),
  buildNetwork(parts, n),
  // Far from interpolation, so that the two matrices differ.
  { x: uniform(rng, [n, D]), y: uniform(rng, [n, K], [-4, 4]) },
);
const P = compiled.size;
const theta = new Float32Array(P);
const shapes = model.parameters.map(({ shape }) => shape);
initialize(model.parameters, rng).forEach((v, i) => viewsOf(theta, shapes)[i].set(v));
const curvature = compiled.at(theta);

/** Eigenvalues, descending, of the matrix that an operator's unit vectors write down. */
async function dense(op: LinearOperator): Promise<number[]> {
  const matrix = new Float64Array(P * P);
  const [unit, column] = [new Float32Array(P), new Float32Array(P)];
  for (let j = 0; j < P; j++) {
    unit.fill(0)[j] = 1;
    await op.apply(unit, column);
    for (let i = 0; i < P; i++) matrix[i * P + j] = column[i];
  }
  return [...symmetricEigen(matrix, P).values].sort((a, b) => b - a);
}

/** One reading with as many Lanczos steps as there are dimensions. */
async function reading(settings: object) {
  const text = JSON.stringify({
    data: { source: "chebyshev" },
    model: { hidden: [1] },
    optimizer: { learningRate: 1 },
    probes: { spectrum: { steps: P, starts: 200, ...settings } },
  });
  const { experiment } = checkExperiment(text, "test.basin.json").points[0];
  const { readings } = await spectrum.measure({
    // What this probe asks of a point.
    point: curvature as unknown as Point,
    probes: experiment.probes,
    effort: "running",
    memory: new ProbeMemory(new Rng(1, "probe")),
    budget: unlimited(2 ** 30),
    known: new Map(),
    initialLoss: NaN,
  });
  return new ReadingsWriter().valuesOf(readings);
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
/** float32 products, relative to the largest eigenvalue. */
const F32 = 2e-5;
let hessian: number[];
let gaussNewton: number[];
beforeAll(async () => {
  hessian = await dense(curvature.hessian());
  // From the layers' inner products, not from products with the matrix: GᵀG/n has its non-zero eigenvalues.
  const gram = Float64Array.from(await curvature.gram(), (value) => value / n);
  gaussNewton = [...symmetricEigen(gram, n * K).values].sort((a, b) => b - a);
});

describe("of both", () => {
  let both: Record<string, number & number[]>;
  beforeAll(async () => {
    both = (await reading({ of: "both", top: 3 })) as typeof both;
  });

  test("the two matrices differ here: the Hessian has negative eigenvalues, its Gauss–Newton part none", async () => {
    expect(hessian[P - 1]).toBeLessThan(-0.1 * hessian[0]);
    const all = await dense(curvature.gaussNewton());
    expect(all[P - 1]).toBeGreaterThan(-F32 * all[0]);
    gaussNewton.forEach((value, i) => expect(Math.abs(all[i] - value)).toBeLessThan(F32 * all[0]));
  });

  test.each([
    { matrix: "Hessian", prefix: "spectrum", exact: () => hessian },
    { matrix: "Gauss–Newton matrix", prefix: "spectrum.gaussNewton", exact: () => [...gaussNewton, 0] },
  ])("nodes of the $matrix are its eigenvalues, each with its share", ({ prefix, exact }) => {
    const [nodes, weights] = [both[`${prefix}.values`], both[`${prefix}.weights`]];
    const values = exact();
    expect(sum(weights)).toBeCloseTo(1, 6);
    for (const node of nodes) {
      const nearest = Math.min(...values.map((value) => Math.abs(value - node)));
      expect(nearest, `node ${node}`).toBeLessThan(F32 * values[0]);
    }
    // 200 random signs: the share of a simple eigenvalue is 1/P, and varies between starts by at most √2/P.
    for (const value of values.slice(0, 3)) {
      const share = sum(weights.filter((_, i) => Math.abs(nodes[i] - value) < F32 * values[0]));
      expect(Math.abs(share * P - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(200));
    }
  });

  test("traces and Frobenius norm lie within four standard errors of the eigenvalues' sums", () => {
    const expected = {
      trace: sum(hessian),
      frobenius: Math.sqrt(sum(hessian.map((value) => value ** 2))),
      gaussNewtonTrace: sum(gaussNewton),
    };
    for (const [name, value] of Object.entries(expected)) {
      const error = both[`${name}.error`];
      expect(error).toBeGreaterThan(0);
      // Hutchinson: one standard error of a trace is at most (2/starts)^½ ‖A‖_F.
      expect(error).toBeLessThan(1.3 * Math.sqrt(2 / 200) * expected.frobenius);
      expect(Math.abs(both[name] - value), name).toBeLessThan(4 * error);
    }
  });

  test("the largest Gauss–Newton eigenvalues are exact within their error bars", () => {
    const [values, errors] = [both.gaussNewtonEigenvalues, both["gaussNewtonEigenvalues.error"]];
    expect(values).toHaveLength(3);
    values.forEach((value, i) =>
      expect(Math.abs(value - gaussNewton[i])).toBeLessThan(errors[i] + F32 * gaussNewton[0]),
    );
    for (const error of errors) expect(error).toBeLessThan(2e-3 * gaussNewton[2]);
  });
});

test("only what is asked for is measured; the Hessian's by default", async () => {
  const names = async (settings: object) => Object.keys(await reading({ starts: 1, ...settings })).join(" ");
  expect(await names({})).not.toMatch(/gaussNewton/);
  expect(await names({})).toMatch(/^spectrum\.values spectrum\.weights trace /);
  expect(await names({ of: "gaussNewton" })).toMatch(/^spectrum\.gaussNewton\.values /);
  expect(await names({ of: "gaussNewton" })).not.toMatch(/(^| )(trace|frobenius)/);
});

test("a single start has no error bar: infinite, not zero", async () => {
  expect(await reading({ starts: 1 })).toMatchObject({
    "trace.error": Infinity,
    "frobenius.error": Infinity,
  });
});
