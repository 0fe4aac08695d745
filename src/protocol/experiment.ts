// What a `*.basin.json` says, once checked and with every default filled in: the type the run process trusts.

export type BatchSize = number | "full";
export type Activation = "tanh" | "relu" | "gelu" | "sigmoid" | "softplus" | "linear";
export type LossKind = "mse" | "squared-error" | "cross-entropy";

/** Which examples of a split: of those that `only` keeps, `skip` are left out and the next `take` used. */
export interface Part {
  readonly skip?: number;
  readonly take?: number;
}
/** A training or test file pair, paths as written in the experiment (relative to it). */
export interface FilePair extends Part {
  readonly images: string;
  readonly labels: string;
}
export interface FileList extends Part {
  readonly files: readonly string[];
}
/** Public data sets by name, see namedSets.ts. */
export type SetName = "fashion-mnist" | "mnist" | "cifar-10";
export type Scale = "unit" | "standardize" | "none";

/** What any source with class labels can be told. */
export interface LabelOptions {
  /** Labels to keep; the i-th of them becomes class i. */
  readonly only?: readonly number[];
  /** Fraction of the training labels that are replaced by another class, uniformly. */
  readonly labelNoise?: number;
}

/** A public data set from the cache folder. */
export interface NamedSpec<S extends SetName = SetName> extends LabelOptions {
  readonly source: S;
  readonly train: Part;
  readonly test: Part;
  readonly scale: Scale;
}

export type DataSpec =
  /** `classes`: number of classes K; without it, one more than the largest label in the whole training file. */
  | ({
      readonly source: "idx";
      readonly train: FilePair;
      readonly test?: FilePair;
      readonly scale: Scale;
      readonly classes?: number;
    } & LabelOptions)
  | ({
      readonly source: "cifar";
      readonly train: FileList;
      readonly test?: FileList;
      readonly scale: Scale;
    } & LabelOptions)
  | { [S in SetName]: NamedSpec<S> }[SetName]
  | ({
      readonly source: "npz";
      readonly file: string;
      readonly takeTrain?: number;
      readonly takeTest?: number;
      readonly scale: Scale;
      readonly classes?: number;
    } & LabelOptions)
  | {
      readonly source: "csv";
      readonly train: { readonly file: string; readonly take?: number };
      readonly test?: { readonly file: string; readonly take?: number };
      /** Header names of the target columns; one column of class names or integers makes a classification task. */
      readonly targets: readonly string[];
      readonly task: "regression" | "classification";
      readonly scale: Scale;
      readonly labelNoise?: number;
    }
  | {
      readonly source: "chebyshev";
      readonly degree: number;
      readonly examples: number;
      readonly testExamples: number;
      readonly noise: number;
    }
  | {
      readonly source: "teacher";
      readonly inputs: number;
      readonly outputs: number;
      readonly hidden: readonly number[];
      readonly activation: Activation;
      readonly examples: number;
      readonly testExamples: number;
      readonly noise: number;
    }
  | {
      readonly source: "spirals";
      readonly classes: number;
      readonly turns: number;
      readonly examples: number;
      readonly testExamples: number;
      readonly noise: number;
      readonly labelNoise?: number;
    }
  /** Curvatures cᵢ of the examples around x = 1. */
  | { readonly source: "two-minima"; readonly curvatures: readonly number[] };

export type Initialization = "pytorch" | "he" | "lecun" | "xavier" | "mup";

/** What every model has. */
export interface AnyModel {
  /** A safetensors file to start from, relative to the experiment. */
  readonly weights?: string;
  /** Default: PyTorch's own. */
  readonly initialization?: Initialization;
}

/** A layer by its name, or { name: options }; see models/layers. */
export type LayerSpec = string | { readonly [layer: string]: unknown };

export interface MlpSpec extends AnyModel {
  readonly kind: "mlp";
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly bias: boolean;
}
export interface DeepLinearSpec extends AnyModel {
  readonly kind: "deepLinear";
  readonly hidden: readonly number[];
  readonly bias: boolean;
}
export interface CnnSpec extends AnyModel {
  readonly kind: "cnn";
  readonly filters: readonly number[];
  readonly kernel: number;
  readonly pool: "avg" | "max";
  readonly hidden: readonly number[];
  readonly activation: Activation;
  readonly bias: boolean;
}
export interface ResnetSpec extends AnyModel {
  readonly kind: "resnet";
  readonly width: number;
  readonly blocks: number;
  readonly activation: Activation;
  readonly norm: "batch" | "none";
}
export interface TransformerSpec extends AnyModel {
  readonly kind: "transformer";
  readonly vocabulary: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly causal: boolean;
  readonly activation: Activation;
  readonly dropout: number;
}
export interface SequentialSpec extends AnyModel {
  readonly kind: "sequential";
  readonly layers: readonly LayerSpec[];
}
/** One parameter x, which starts at `start`. */
export interface TwoMinimaSpec extends AnyModel {
  readonly kind: "twoMinima";
  readonly start: number;
}
/** A network from a file, with the starting values it holds. */
export interface OnnxSpec {
  readonly kind?: undefined;
  readonly onnx: string;
  /** Globs over names of initializers: what alone is trained, and what is not. */
  readonly train?: readonly string[];
  readonly freeze?: readonly string[];
  readonly weights?: string;
  readonly initialization?: undefined;
}
export type BuiltinSpec =
  MlpSpec | DeepLinearSpec | CnnSpec | ResnetSpec | TransformerSpec | SequentialSpec | TwoMinimaSpec;
export type ModelSpec = BuiltinSpec | OnnxSpec;

/** Learning rate over training; every kind may start with a linear warm-up. Step counts are whole steps. */
export type ScheduleSpec =
  | { readonly kind: "constant"; readonly warmup: number }
  /** Falls along a half cosine to `final` times the learning rate at step `steps`, warm-up included. */
  | { readonly kind: "cosine"; readonly warmup: number; readonly steps: number; readonly final: number }
  /** Times `factor` every `every` steps after the warm-up. */
  | { readonly kind: "step"; readonly warmup: number; readonly every: number; readonly factor: number };

interface CommonOptimizerSpec {
  readonly learningRate: number;
  readonly batchSize: BatchSize;
  readonly weightDecay: number;
  readonly schedule?: ScheduleSpec;
  /** Largest norm of the gradient a step uses; longer ones are scaled down to it. */
  readonly clip?: number;
}
export interface SgdSpec extends CommonOptimizerSpec {
  readonly kind: "sgd";
  readonly momentum: number;
  readonly nesterov: boolean;
}
export interface RmspropSpec extends CommonOptimizerSpec {
  readonly kind: "rmsprop";
  readonly alpha: number;
  readonly epsilon: number;
  readonly momentum: number;
}
interface AdamLikeSpec extends CommonOptimizerSpec {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}
export interface AdamSpec extends AdamLikeSpec {
  readonly kind: "adam";
}
export interface AdamwSpec extends AdamLikeSpec {
  readonly kind: "adamw";
}
export type OptimizerSpec = SgdSpec | RmspropSpec | AdamSpec | AdamwSpec;

export interface StopSpec {
  readonly steps: number;
  readonly trainLoss?: number;
  readonly minutes?: number;
}

export interface ProbesSpec {
  readonly sharpness?: { readonly every: number; readonly top: number; readonly tolerance: number };
  /** `rank`: directions kept for the mean-square limit ("all" is exact); `tolerance`: relative, of λmax(Σ). */
  readonly noise?: { readonly every: number; readonly rank: number | "all"; readonly tolerance: number };
  readonly generalization?: { readonly every: number };
  readonly gradientNoise?: { readonly every: number };
  readonly smoothness?: { readonly every: number };
  /** Lanczos steps per random start, and starts; `top`: largest eigenvalues of the Gauss–Newton matrix. */
  readonly spectrum?: {
    readonly every: number;
    readonly of: "hessian" | "gaussNewton" | "both";
    readonly steps: number;
    readonly starts: number;
    readonly top: number;
  };
  readonly layers?: { readonly every: number; readonly tolerance: number };
  /** `top`: dimension of the sharp subspace. */
  readonly manifold?: { readonly every: number; readonly top: number };
}

export interface Experiment {
  readonly name: string;
  readonly seed: number;
  readonly data: DataSpec;
  readonly model: ModelSpec;
  readonly loss: LossKind;
  readonly optimizer: OptimizerSpec;
  readonly stop: StopSpec;
  readonly probes: ProbesSpec;
  readonly checkpoints: { readonly every: number };
  /** Budget for the values of one pass over the examples, e.g. "2GB"; more examples are processed in chunks. */
  readonly memory: string;
  readonly engine: "auto" | "onnx" | "wasm" | "tensorflow";
  readonly launch: { readonly on: "local"; readonly concurrency: number };
}
