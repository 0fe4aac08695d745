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
import type { Evaluation } from "../../curvature/lossOperators";
import type { Meter } from "../../curvature/meter";
import { openGemm } from "../../engines";
import type { Descent, Point } from "../../measure/point";
import { losses } from "../../losses";
import type { LossKind } from "../../protocol/experiment";
import type { Gemm } from "../../util/gemm";
import { jsBatched } from "../../util/linalg/jsGemm";
import type { Problem } from "./problem";
import type { Narrowed } from "./rowSpace";

/** Parameters times examples above which the engine's memory for each compiled function counts. */
const largeProblem = 1e7;

/** Made at the first call, and anew where that was abandoned: a stop must not be met again by who comes later. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return async () => {
    try {
      return await (made ??= make());
    } catch (error) {
      made = null;
      throw error;
    }
  };
}

/** A curvature at a θ, and what a point of it is made of besides. */
interface Measured {
  readonly at: CurvaturePoint;
  readonly descent: Descent;
  readonly evaluate: () => Promise<Evaluation>;
  /** The last point of every other curvature that was asked, until the point is released. */
  readonly beside: Map<Curvature, CurvaturePoint>;
  /** Where `at` is one of a row space. */
  readonly within: Narrowed | null;
}

export class PointSource {
  /** Of the examples that readings are taken on. */
  readonly curvature: Curvature;
  /** Of all training examples: the same where those are all. */
  readonly ofAll: Curvature;
  /** Careful curvatures by whether a point of theirs is used once. */
  private readonly careful = new Map<string, Curvature>();
  /** What the examples see of θ, and the curvature on it. */
  private readonly narrowed = once(
    () => this.problem.firstLayer?.byExamples(this.gemm) ?? Promise.resolve(null),
  );
  private within: Curvature | null = null;
  /** With inputs in coordinates of the first weights' rows, by how many those are. */
  private readonly ofInputs = new Map<number, Curvature>();
  /** A point that passes on with training. */
  private passed: Point | null = null;
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
    const opened = async (): Promise<Gemm> => {
      await meter.check();
      return (gemm ??= openGemm(problem.engine, problem.experiment.threads));
    };
    const asking: Gemm = Object.assign(async (...given: Parameters<Gemm>) => (await opened())(...given), {
      batched: async (...given: Parameters<typeof jsBatched>) =>
        ((await opened()).batched ?? jsBatched)(...given),
    });
    return new PointSource(problem, meter, asking);
  }

  /** The point at θ [d], which is copied, with the optimizer as it stands there. */
  at(theta: Float32Array, descent: Descent): Point {
    return this.pointAt(this.curvature.at(theta), descent);
  }

  /** The same for the readings of a step: nothing is asked of the point once the next of these is made. */
  passing(theta: Float32Array, descent: Descent): Point {
    const { engine, isSampled } = this.problem;
    // A runtime has what it stages in memory of its own, and what is large is not to be kept.
    if (engine.isSmall !== true || this.isLarge || isSampled) return this.at(theta, descent);
    const at = this.curvature.passing(theta);
    this.passed ??= this.pointAt(at, descent);
    // All that it can do it does at `at`, wherever that stands.
    return { ...this.passed, theta: at.theta, descent, elsewhere: (other) => this.at(other, descent) };
  }

  private get isLarge(): boolean {
    const { held, d } = this.problem;
    return held.n * d > largeProblem;
  }

  private pointAt(at: CurvaturePoint, descent: Descent): Point {
    const { problem } = this;
    const { data, experiment, held, isSampled } = problem;
    const whole = isSampled ? this.ofAll.at(at.theta) : at;
    const evaluate = (): Promise<Evaluation> => whole.evaluate();
    const large = this.isLarge;
    const beside = new Map<Curvature, CurvaturePoint>();
    const narrow = once(() => this.byWeights(at, beside));
    const responding = (): CurvaturePoint | Promise<CurvaturePoint> => (large ? narrow() : at);
    const own: Point = {
      ...this.curved({ at, descent, evaluate, beside, within: null }),
      ...(!isSampled && { everyExample: true }),
      // Of a sample nobody knows whether other examples wake them.
      ...(!isSampled && { deadUnits: () => deadUnits(at) }),
      elsewhere: (other) => this.at(other, descent),
      response: {
        jacobianNorms: async () => jacobianNorms(await responding(), at.x),
        largestChange: async (radius, random) => largestChange(await responding(), radius, random),
        firstWeight: () => at.firstWeight(),
        ...(!at.tied && { atInputs: (x: Float32Array) => atInputs(at, x) }),
      },
      onBatch: (indices) => Promise.resolve(this.batches(at.theta, indices)),
      score: async () => ({
        train: await problem.score(data.train, at.theta),
        test: data.test ? await problem.score(data.test, at.theta) : null,
      }),
      inputs: { train: held.x, test: data.test?.x ?? null, target: data.target },
      ...(large && {
        release: async () => {
          for (const one of [at, ...beside.values()]) await one.release();
          if (isSampled) await whole.release();
        },
      }),
      ...(large &&
        descent.preconditioner === null && {
          withinRowSpace: once(() => this.withinRowSpace(() => own, beside)),
        }),
      interpolationResidual: async () => {
        const { outputs } = await whole.evaluate();
        return residual(outputs, data.train.y, data.outputs, experiment.loss);
      },
    };
    return own;
  }

  /** A point as a function of what the examples see of θ; the point itself where that is not markedly less. */
  private async withinRowSpace(point: () => Point, beside: Measured["beside"]): Promise<Point> {
    const { problem } = this;
    const own = point();
    const within = await this.narrowed();
    if (!within) return own;
    this.within ??= problem.curvature(this.meter, { within });
    const at = this.within.at(await within.restrict(own.theta));
    beside.set(this.within, at);
    const evaluate = async (): Promise<Evaluation> => {
      const { gradient, ...rest } = await own.evaluate();
      return { ...rest, gradient: await within.restrict(gradient) };
    };
    return this.curved({ at, descent: own.descent, evaluate, beside, within });
  }

  /** A curvature with inputs in coordinates of the first weights' rows; itself where those are not markedly fewer. */
  private async byWeights(at: CurvaturePoint, beside: Measured["beside"]): Promise<CurvaturePoint> {
    const { problem } = this;
    const within = await problem.firstLayer?.byWeights(at.theta, this.gemm);
    if (!within) return at;
    const curvature = this.ofInputs.get(within.parts.inputs) ?? problem.curvature(this.meter, { within });
    this.ofInputs.set(within.parts.inputs, curvature);
    const there = curvature.at(await within.restrict(at.theta), within.x);
    beside.set(curvature, there);
    return there;
  }

  /** What follows from a curvature alone. */
  private curved({ at, descent, evaluate, beside, within }: Measured): Point {
    const { problem, gemm } = this;
    const { data, experiment, held, isSampled } = problem;
    const curvature = losses[experiment.loss].squareScale?.(data.outputs);
    return {
      size: at.size,
      examples: held.n,
      ...(isSampled && { population: problem.n }),
      ...(within && { unseen: problem.d - at.size }),
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
      evaluate,
      hessian: () => at.hessian(),
      curvatureGradient: (v) => at.curvatureGradient(v),
      gaussNewton: () => at.gaussNewton(),
      nearby: (other, once) => {
        const curvature = this.carefulCurvature(once, within);
        const there = curvature.at(other);
        beside.set(curvature, there);
        return there;
      },
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
        ...(!at.tied && { curvature: (u: Float32Array, v: Float32Array) => exampleCurvature(at, u, v) }),
      },
    };
  }

  private carefulCurvature(once: boolean, within: Narrowed | null): Curvature {
    const key = `${once} ${within !== null}`;
    const made = this.careful.get(key) ?? this.problem.curvature(this.meter, { careful: true, once, within });
    this.careful.set(key, made);
    return made;
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
