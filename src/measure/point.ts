// One θ held fixed: all that a probe sees. A trainer builds it anew for every reading; nothing in it changes afterwards.
import type { DeadUnits } from "../curvature/deadUnits";
import type { Evaluation } from "../curvature/lossOperators";
import type { Meter } from "../curvature/meter";
import type { LinearOperator } from "../curvature/operator";
import type { Layer } from "../curvature/restricted";
import type { LossKind } from "../protocol/experiment";
import type { Dynamics } from "../types/dynamics";
import type { Sampling } from "../util/batchSampler";
import type { Gemm } from "../util/gemm";

/** How the optimizer goes on, for what goes beside the run with parameters and a state of its own. All vectors [d]. */
export interface Motion {
  /** The state as it stands, copied: to be asked before the next update. */
  state(): Float32Array[];
  /** One update of θ and a state, in place. */
  update(theta: Float32Array, gradient: Float32Array, state: readonly Float32Array[]): void;
  /** Index of the velocity in the state; absent without momentum. */
  readonly velocity?: number;
  /** The running mean square of the gradient in the state, its decay, and the preconditioner that it makes; absent without one. */
  readonly squares?: {
    readonly slot: number;
    readonly decay: number;
    preconditioner(square: Float32Array): Float32Array;
  };
}

/** The optimizer as it stands at θ: its linear dynamics (in the coordinates P^{1/2}θ when preconditioned) and the rate in force. */
export interface Descent extends Dynamics {
  readonly learningRate: number;
  /** P [d]; null where it is the identity. */
  readonly preconditioner: Float32Array | null;
  /** False where no optimizer state was there and P was made from the gradient at this point alone. */
  readonly settled: boolean;
  /** Absent where nothing trains, and where the central flow beside such an optimizer is not known. */
  readonly motion?: Motion;
}

/** Whether the optimizer's dynamics are not known here: its preconditioner comes from a state that is not there. */
export const stateless = ({ preconditioner, settled }: Descent): boolean =>
  preconditioner !== null && !settled;

interface Score {
  readonly loss: number;
  /** Null for regression. */
  readonly accuracy: number | null;
}

/** The factors Gᵢ of the examples' Gauss–Newton matrices, Hᵢ ≈ GᵢGᵢᵀ; see curvature/factorOperators.ts. */
interface FactorSource {
  noiseMatrix(): LinearOperator;
  sufficientOperator(p: number): LinearOperator;
  factorCoordinates(v: Float32Array): Promise<Float32Array>;
  pushFactors(c: Float32Array, out: Float32Array): Promise<void>;
  kernelBlocks(): Promise<Float32Array>;
  gram(): Promise<Float32Array>;
  /** Frees the factors, where they are kept to be multiplied with; they are made anew where they are asked for again. */
  readonly forgetFactors?: () => void;
}

/** What is per example but no factor. */
interface ExampleSource {
  /** ‖∇Lᵢ‖², [n]. */
  squaredGradientNorms(): Promise<Float64Array>;
  /** ∇Lᵢᵀv, [n]. */
  gradientsAlong(v: Float32Array): Promise<Float64Array>;
  /** Σ wᵢ ∇Lᵢ, [P]. */
  weightedGradient(weights: Float32Array): Promise<Float32Array>;
  /** uᵀ∇²Lᵢ v, [n]; absent where batch statistics tie the examples together. */
  readonly curvature?: (u: Float32Array, v: Float32Array) => Promise<Float32Array>;
}

/** How the outputs respond to the inputs. */
interface ResponseSource {
  /** Squared norms of ∂f/∂x and ∂f/∂W₁ per example and of the examples, [n]; the second null where the first layer is not z = W₁x + b₁. */
  jacobianNorms(): Promise<{
    readonly input: Float64Array;
    readonly firstLayer: Float64Array | null;
    readonly examples: Float64Array;
  }>;
  /** The largest change of the outputs found within a distance r of each input, [n]; `normal` draws the directions to begin with. */
  largestChange(radius: number, random: () => number): Promise<Float64Array>;
  /**
   * At inputs [m, D] that need be no examples: outputs [m, K], ‖∂f/∂x‖ [m] and ‖∂f/∂(W₁x)‖ [m], null as above; absent where batch
   * statistics tie the examples together. Costs 1 + K passes for every n of the m.
   */
  readonly atInputs?: (x: Float32Array) => Promise<{
    readonly outputs: Float32Array;
    readonly slopes: Float64Array;
    readonly signals: Float64Array | null;
  }>;
  /** W₁ [rows, columns]; null likewise. */
  firstWeight(): { readonly values: Float32Array; readonly columns: number } | null;
}

/** Gradient and Hessian of the loss on some of the examples, at the same θ. */
interface BatchCurvature {
  evaluate(): Promise<{ readonly gradient: Float32Array }>;
  hessian(): LinearOperator;
}

/** Inputs, for what is said of their neighbourhood: training [n, D], test [m, D] or null. */
export interface Inputs {
  readonly train: Float32Array;
  readonly test: Float32Array | null;
  /** The function behind the targets, [D] → [K]; absent where nobody knows it. */
  readonly target?: (x: Float64Array) => Float64Array;
}

/** What has a Hessian, and where the trainer gives it the Gauss–Newton part of it. */
interface Curved {
  hessian(): LinearOperator;
  gaussNewton?(): LinearOperator;
}

/** The same at another θ, and its second derivatives along a vector [P]. */
export interface Nearby extends Curved {
  /** vᵀHv and vᵀGv. */
  hessianAlong(v: Float32Array): Promise<number>;
  gaussNewtonAlong(v: Float32Array): Promise<number>;
}

export interface Point extends Curved {
  /** Number of parameters P, examples n, outputs K, examples a step sees B. */
  readonly size: number;
  /**
   * Directions across these P in which nothing changes for any example, where the point is one of a row space: that many eigenvalues 0
   * of every operator here have been left out.
   */
  readonly unseen?: number;
  readonly examples: number;
  /**
   * Training examples N that batches are drawn from, where the n held here are a sample of them (`subsample`); absent where all are
   * held. Operators, factors and what is per example are of the n; `evaluate` and `score` are of all N.
   */
  readonly population?: number;
  /** Absent where only some of the examples are held: for what follows the path that training takes. */
  readonly everyExample?: true;
  readonly outputs: number;
  readonly batchSize: number;
  /** How a step's examples are drawn. */
  readonly sampling: Sampling["sampling"];
  /** Deviation of the noise that every step adds to its targets; absent where there is none. */
  readonly labelNoise?: number;
  readonly dtype: "float32";
  readonly loss: LossKind;
  /** For draws that are the same at every reading. */
  readonly seed: number;
  readonly theta: Float32Array;
  readonly layers: readonly Layer[];
  readonly descent: Descent;
  readonly meter: Meter;
  /** The model normalizes over the batch: loss and curvature are those of all examples as one batch, whose statistics tie them together. */
  readonly tied?: boolean;
  /** Float64 matrix products. */
  readonly gemm: Gemm;
  /** Loss, outputs and gradient of all training examples; computed once. */
  evaluate(): Promise<Evaluation>;
  /** ∇(vᵀHv). */
  curvatureGradient?(v: Float32Array): Promise<Float32Array>;
  /**
   * The curvature at another θ [P] of the same problem, by formulas that keep more digits: for what rounding does.
   * @param once  Whether each is asked for a single time there.
   */
  nearby?(theta: Float32Array, once: boolean): Nearby;
  /** The same problem and optimizer at another θ [P]. */
  elsewhere?(theta: Float32Array): Point;
  /**
   * What is left of every output in units in which ∇Lᵢ = Gᵢcᵢ, [nK]: √M (f − y); and M, the curvature of the loss in an output. Square
   * losses only.
   */
  readonly residuals?: () => Promise<{ readonly values: Float64Array; readonly curvature: number }>;
  readonly factors?: FactorSource;
  readonly perExample?: ExampleSource;
  readonly response?: ResponseSource;
  /** Valid until the next call. */
  readonly onBatch?: (indices: Uint32Array) => Promise<BatchCurvature>;
  /** On training and test data; the test's is null without such data. */
  score?(): Promise<{ readonly train: Score; readonly test: Score | null }>;
  readonly inputs?: Inputs;
  /** Units behind a ReLU, and how many of them give 0 for every training example. */
  deadUnits?(): Promise<DeadUnits>;
  /**
   * The same loss as a function of what the examples see of θ, for eigenvalues and what follows from them: vectors are [P] of fewer
   * parameters. The point itself where that saves little; absent where it is not asked or directions differ for the optimizer.
   */
  readonly withinRowSpace?: () => Promise<Point>;
  /** Frees what is compiled for readings taken so far; it is compiled again when it is asked for. */
  release?(): Promise<void>;
  /** How far the outputs are from the targets: root mean square for square losses, mean of 1 − p(label) for cross-entropy. */
  interpolationResidual?(): Promise<number>;
}

/** The point where eigenvalues and factors are read: of what the examples see of θ, where that is known to be less. */
export const forEigenvalues = (point: Point): Point | Promise<Point> => point.withinRowSpace?.() ?? point;

/** What a trainer may or may not be able to do. */
export type Capability =
  | "curvatureGradient"
  | "elsewhere"
  | "everyExample"
  | "gaussNewton"
  | "factors"
  | "perExample"
  | "response"
  | "onBatch"
  | "score"
  | "inputs";

const words: Readonly<Record<Capability, string>> = {
  curvatureGradient: "the gradient of curvature",
  everyExample: "curvature of all training examples, of which `subsample` holds some",
  elsewhere: "the loss at other parameters",
  gaussNewton: "Gauss–Newton products",
  factors: "the examples' Gauss–Newton factors",
  perExample: "gradients of single examples",
  response: "derivatives by the inputs",
  onBatch: "the curvature of a mini-batch",
  score: "losses on training and test data",
  inputs: "the examples' inputs",
};

/** Why something cannot be measured at a point, or null where it can. */
export function notApplicable(point: Point, needs: readonly Capability[]): string | null {
  const missing = needs.filter((capability) => point[capability] === undefined);
  return missing.length === 0
    ? null
    : `not applicable: the trainer gives no ${missing.map((one) => words[one]).join(" and no ")}`;
}
