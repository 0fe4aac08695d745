// What the examples see of a wide first layer: the same loss, gradient, Hessian, factors and readings on fewer parameters.
import { describe, expect, test } from "vitest";
import { jacobianNorms } from "../../../src/curvature/gradients";
import { largestChange } from "../../../src/curvature/inputAscent";
import { plainMeter } from "../../../src/curvature/meter";
import type { LinearOperator } from "../../../src/curvature/operator";
import { openEngine, openGemm } from "../../../src/engines";
import { unlimited } from "../../../src/measure/budget";
import { closingMeasurement } from "../../../src/measure/closing";
import type { Point } from "../../../src/measure/point";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { PointSource } from "../../../src/trainers/basin/point";
import { Problem } from "../../../src/trainers/basin/problem";
import { dot, norm } from "../../../src/util/linalg/vector";
import { Rng } from "../../../src/util/rng";

const [n, inputs, hidden] = [30, 2000, 200];

async function problemOf(model: object, more: object = {}): Promise<Problem> {
  const given = {
    data: { source: "teacher", inputs, outputs: 2, hidden: [10], examples: n, testExamples: 0 },
    model,
    optimizer: { learningRate: 0.1, batchSize: 8 },
    ...more,
  };
  const { points, problems } = checkExperiment(JSON.stringify(given), "a.basin.json");
  expect(problems).toEqual([]);
  return Problem.load(points[0].experiment, "a.basin.json", await openEngine("auto", { threads: 1 }));
}

async function pointOf(problem: Problem, preconditioner: Float32Array | null = null): Promise<Point> {
  const source = PointSource.open(problem, plainMeter());
  return source.at(await problem.start(), { learningRate: 0.1, preconditioner, settled: true });
}

const mlp = { kind: "mlp", hidden: [hidden, 20], activation: "tanh" };
const layers = (...list: readonly unknown[]) => ({ kind: "sequential", layers: list });

/** Of both points, without the row space and within it: the spectrum's readings of a closing measurement. */
async function readingsOf(point: Point): Promise<Map<string, { value: number; error: number }>> {
  const { readings } = await closingMeasurement(point, {
    probes: { sharpness: { every: 1, top: 3, tolerance: 1e-4 } } as never,
    budget: unlimited(1e9),
    extent: "verdict",
  });
  return new Map(
    readings.map(({ metric, value, error = 0 }) => [
      metric,
      { value: Number([value].flat()[0]), error: Number([error].flat()[0]) },
    ]),
  );
}

describe("what the examples see of a wide first layer", () => {
  test("θ ↦ Rθ keeps products: uᵀHw, uᵀGGᵀw, ‖Hu‖ and ∇Lᵀu are those of the images", async () => {
    const problem = await problemOf(mlp);
    const point = await pointOf(problem);
    const within = await point.withinRowSpace!();
    const { restrict } = (await problem.firstLayer!.byExamples(await openGemm(problem.engine)))!;
    expect(within.size).toBe(problem.d - hidden * (inputs - n));
    expect(within.unseen).toBe(hidden * (inputs - n));
    const rng = new Rng(3, "directions");
    const random = () => Float32Array.from({ length: point.size }, () => rng.normal());
    const [u, w] = [random(), random()];
    const [Ru, Rw] = [await restrict(u), await restrict(w)];
    const along = async (op: LinearOperator, a: Float32Array, b: Float32Array) => {
      const product = new Float32Array(op.size);
      await op.apply(b, product);
      return { value: dot(a, product), length: norm(product) };
    };
    for (const operator of [
      (of: Point) => of.hessian(),
      (of: Point) => of.gaussNewton!(),
      (of: Point) => of.factors!.noiseMatrix(),
    ]) {
      const [whole, seen] = [await along(operator(point), u, w), await along(operator(within), Ru, Rw)];
      expect(Math.abs(seen.value - whole.value)).toBeLessThan(1e-4 * whole.length * norm(u));
      expect(Math.abs(seen.length / whole.length - 1)).toBeLessThan(1e-5);
    }
    const { loss, gradient } = await point.evaluate();
    const other = await within.evaluate();
    expect(other.loss).toBe(loss);
    expect(norm(other.gradient)).toBeCloseTo(norm(gradient), 5);
    expect(dot(other.gradient, Ru)).toBeCloseTo(dot(gradient, u), 4);
    const [gram, seenGram] = [await point.factors!.gram(), await within.factors!.gram()];
    gram.forEach((value, i) => expect(Math.abs(seenGram[i] - value)).toBeLessThan(1e-4 * gram[0]));
  });

  test("a closing measurement reads the same numbers within their error bars, with fewer parameters", async () => {
    const point = await pointOf(await problemOf(mlp));
    const [own, whole] = [await readingsOf(point), await readingsOf({ ...point, withinRowSpace: undefined })];
    expect([...own.keys()]).toEqual([...whole.keys()]);
    for (const metric of [
      "sharpness",
      "eigenvalue.min",
      "gaussNewtonSharpness",
      "nonuniformity",
      "stability.meanLimit",
      "stability.varianceLimit",
      "stability.growth",
      "smoothness.input",
    ]) {
      const [a, b] = [own.get(metric)!, whole.get(metric)!];
      expect(Math.abs(a.value - b.value), metric).toBeLessThanOrEqual(
        a.error + b.error + 1e-5 * Math.abs(b.value),
      );
    }
  });

  test("with fewer parameters than H has eigenvalues above zero, those left out are still there", async () => {
    // A linear network's loss curves nowhere downwards: λmin(H) = 0 comes from the directions that are not seen.
    const point = await pointOf(
      await problemOf(layers({ dense: { units: 2, bias: false } }), {
        data: { source: "teacher", inputs: 60_000, outputs: 2, hidden: [4], examples: 100, testExamples: 0 },
      }),
    );
    const within = await point.withinRowSpace!();
    expect(within.size).toBe(200);
    const { readings } = await closingMeasurement(point, {
      probes: {},
      budget: unlimited(1e9),
      extent: "minimum",
    });
    const least = readings.find(({ metric }) => metric === "eigenvalue.min")!;
    expect(least.value).toBe(0);
  });

  test("the outputs' response to the inputs is that of all inputs, in the coordinates of W₁'s rows", async () => {
    const problem = await problemOf(mlp);
    const point = await pointOf(problem);
    const source = problem.curvature(plainMeter()).at(point.theta);
    const [own, whole] = [await point.response!.jacobianNorms(), await jacobianNorms(source)];
    for (const name of ["input", "firstLayer", "examples"] as const)
      own[name]!.forEach((value, i) =>
        expect(Math.abs(value / whole[name]![i] - 1), `${name} ${i}`).toBeLessThan(1e-4),
      );
    const random = () => {
      const rng = new Rng(7, "ascent");
      return () => rng.uniform() - 0.5;
    };
    const radius = 0.5;
    const [found, reference] = [
      await point.response!.largestChange(radius, random()),
      await largestChange(source, radius, random()),
    ];
    // Two random starts of one ascent, on a function that is nearly linear this near.
    found.forEach((change, i) => expect(Math.abs(change / reference[i] - 1)).toBeLessThan(0.02));
    // Never more than a straight line at the largest slope: what it finds is a change that there is.
    expect(Math.max(...found)).toBeGreaterThan(0.5 * radius * Math.sqrt(Math.min(...own.input) / 2));
  });

  test("a rounding of the smallest size, zeros and copies among the examples change nothing", async () => {
    const problem = await problemOf(mlp);
    const { x } = problem.held;
    x.copyWithin(0, inputs, 2 * inputs);
    x.fill(0, 2 * inputs, 3 * inputs);
    const within = await (await pointOf(problem)).withinRowSpace!();
    expect(within.size).toBe(problem.d - hidden * (inputs - (n - 2)));
  });

  test.each([
    [
      "a second look at the inputs",
      layers({ residual: { layers: [{ dense: hidden }], shortcut: [{ dense: hidden }] } }, { dense: 2 }),
    ],
    ["inputs that are first transformed", layers("tanh", { dense: hidden }, { dense: 2 })],
    ["fewer inputs than examples", mlp, 1500],
  ])("not with %s", async (_, model, examples = n) => {
    const problem = await problemOf(model, {
      data: {
        source: "teacher",
        inputs: examples > n ? 1000 : inputs,
        outputs: 2,
        hidden: [10],
        examples,
        testExamples: 0,
      },
    });
    const point = await pointOf(problem);
    expect(await point.withinRowSpace!()).toBe(point);
  });

  test("where a shortcut carries the inputs past the first layer, nothing is said of it: ∂f/∂x is not W₁ᵀδ", async () => {
    const point = await pointOf(
      await problemOf(layers({ residual: [{ dense: inputs }] }, { dense: 2 }), { stop: { steps: 1 } }),
    );
    expect((await point.response!.jacobianNorms()).firstLayer).toBeNull();
  });

  test("where a stop abandons it, it is made anew by who asks next", async () => {
    const problem = await problemOf(mlp);
    let stopped = true;
    const check = (): void => {
      if (stopped) throw new Error("enough");
    };
    const source = PointSource.open(problem, { products: 0, check });
    const point = source.at(await problem.start(), {
      learningRate: 0.1,
      preconditioner: null,
      settled: true,
    });
    await expect(point.withinRowSpace!()).rejects.toThrow("enough");
    await expect(point.response!.jacobianNorms()).rejects.toThrow("enough");
    stopped = false;
    expect((await point.withinRowSpace!()).size).toBeLessThan(point.size);
    expect((await point.response!.jacobianNorms()).input).toHaveLength(n);
  });

  test("not where the optimizer scales directions differently, nor for small nets", async () => {
    const problem = await problemOf(mlp);
    const P = new Float32Array(problem.d).fill(2);
    expect((await pointOf(problem, P)).withinRowSpace).toBeUndefined();
    const small = await problemOf({ kind: "mlp", hidden: [4], activation: "tanh" });
    expect((await pointOf(small)).withinRowSpace).toBeUndefined();
  });
});
