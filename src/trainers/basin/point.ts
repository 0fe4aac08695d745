// Basin's own network at a θ, as a Point: everything that a probe can ask of it.
import { atInputs } from "../../curvature/atInputs";
import type { Curvature } from "../../curvature/curvature";
import type { CurvaturePoint } from "../../curvature/curvaturePoint";
import { deadUnits } from "../../curvature/deadUnits";
import {
  exampleCurvature,
  gradientsAlong,
  jacobianNorms,
  squaredGradientNorms,
  weightedGradient,
} from "../../curvature/gradients";
import { largestChange } from "../../curvature/inputAscent";
import type { Meter } from "../../curvature/meter";
import { openGemm } from "../../engines";
import type { Descent, Point } from "../../measure/point";
import { losses } from "../../losses";
import type { LossKind } from "../../protocol/experiment";
import type { Gemm } from "../../util/gemm";
import type { Problem } from "./problem";

/** Parameters times examples above which the engine's memory for each compiled function counts. */
const largeProblem = 1e7;

export class PointSource {
  /** Of the examples that readings are taken on. */
  readonly curvature: Curvature;
  /** Of all training examples: the same where those are all. */
  readonly ofAll: Curvature;
  /** Careful curvatures by whether a point of theirs is used once. */
  private readonly careful = new Map<boolean, Curvature>();
  private readonly batches: (theta: Float32Array, indices: Uint32Array) => CurvaturePoint;

  private constructor(
    readonly problem: Problem,
    private readonly meter: Meter,
    private readonly gemm: Gemm,
  ) {
    this.curvature = problem.curvature(meter);
    this.ofAll = problem.isSampled ? problem.curvature(meter, { ofAll: true }) : this.curvature;
    this.batches = problem.batchCurvature(problem.batchSize, meter);
  }

  static open(problem: Problem, meter: Meter): PointSource {
    let gemm: Promise<Gemm> | null = null;
    // What is computed of the factors takes long as well: it may be abandoned wherever it multiplies matrices.
    const asking: Gemm = async (a, b, shape) => {
      await meter.check();
      gemm ??= openGemm(problem.engine, problem.experiment.threads);
      return (await gemm)(a, b, shape);
    };
    return new PointSource(problem, meter, asking);
  }

  /** The point at θ [d], which is copied, with the optimizer as it stands there. */
  at(theta: Float32Array, descent: Descent): Point {
    const { problem, gemm } = this;
    const { data, experiment, held, isSampled } = problem;
    const at = this.curvature.at(theta);
    const whole = isSampled ? this.ofAll.at(at.theta) : at;
    const beside = new Map<boolean, CurvaturePoint>();
    const curvature = losses[experiment.loss].squareScale?.(data.outputs);
    return {
      size: problem.d,
      examples: held.n,
      ...(isSampled ? { population: problem.n } : { everyExample: true }),
      outputs: data.outputs,
      batchSize: problem.batchSize,
      sampling: experiment.optimizer.sampling,
      labelNoise: experiment.optimizer.labelNoise,
      dtype: "float32",
      loss: experiment.loss,
      seed: experiment.seed,
      theta: at.theta,
      layers: at.layers,
      descent,
      meter: at.meter,
      tied: at.tied,
      gemm,
      evaluate: () => whole.evaluate(),
      // Of a sample nobody knows whether other examples wake them.
      ...(!isSampled && { deadUnits: () => deadUnits(at) }),
      hessian: () => at.hessian(),
      curvatureGradient: (v) => at.curvatureGradient(v),
      gaussNewton: () => at.gaussNewton(),
      nearby: (other, once) => {
        const careful = this.careful.get(once) ?? problem.curvature(this.meter, { careful: true, once });
        this.careful.set(once, careful);
        const there = careful.at(other);
        beside.set(once, there);
        return { hessian: () => there.hessian(), gaussNewton: () => there.gaussNewton() };
      },
      elsewhere: (other) => this.at(other, descent),
      ...(curvature !== undefined && {
        residuals: async () => {
          const { outputs } = await at.evaluate();
          const scale = Math.sqrt(curvature);
          const values = Float64Array.from(outputs, (f, i) => scale * (f - held.y[i]));
          return { values, curvature };
        },
      }),
      factors: at,
      perExample: {
        squaredGradientNorms: () => squaredGradientNorms(at),
        gradientsAlong: (v) => gradientsAlong(at, v),
        weightedGradient: (weights) => weightedGradient(at, weights),
        jacobianNorms: () => jacobianNorms(at),
        largestChange: (radius, random) => largestChange(at, radius, random),
        firstWeight: () => at.firstWeight(),
        ...(!at.tied && {
          curvature: (u: Float32Array, v: Float32Array) => exampleCurvature(at, u, v),
          atInputs: (x: Float32Array) => atInputs(at, x),
        }),
      },
      onBatch: (indices) => Promise.resolve(this.batches(at.theta, indices)),
      score: async () => ({
        train: await problem.score(data.train, at.theta),
        test: data.test ? await problem.score(data.test, at.theta) : null,
      }),
      inputs: { train: held.x, test: data.test?.x ?? null, target: data.target },
      ...(held.n * problem.d > largeProblem && {
        release: async () => {
          await at.release();
          for (const there of beside.values()) await there.release();
          if (isSampled) await whole.release();
        },
      }),
      interpolationResidual: async () => {
        const { outputs } = await whole.evaluate();
        return residual(outputs, data.train.y, data.outputs, experiment.loss);
      },
    };
  }
}

/** Root mean square of f − y for square losses; mean of 1 − p(label) for cross-entropy. `f` and `y` [n, K]. */
function residual(f: Float32Array, y: Float32Array, K: number, loss: LossKind): number {
  let total = 0;
  if (loss !== "cross-entropy") {
    for (let i = 0; i < y.length; i++) total += (f[i] - y[i]) ** 2;
    return Math.sqrt(total / y.length);
  }
  const n = y.length / K;
  for (let i = 0; i < n; i++) {
    const row = f.subarray(i * K, (i + 1) * K);
    const top = Math.max(...row);
    const sum = row.reduce((a, value) => a + Math.exp(value - top), 0);
    for (let k = 0; k < K; k++) total += y[i * K + k] * (1 - Math.exp(row[k] - top) / sum);
  }
  return total / n;
}
