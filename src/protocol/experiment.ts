// Made by `npm run schema` from what the kinds declare; change it there. What a checked experiment holds, defaults filled in.

export type LossKind = "mse" | "squared-error" | "cross-entropy";

export interface Part {
  /** Leave out the first this many examples. Default: none. */
  readonly skip?: number;
  /** Use only the first this many examples. Default: all. */
  readonly take?: number;
}

export interface FilePair {
  /** IDX file of the images (magic number 2051), gzipped or not, relative to this file. */
  readonly images: string;
  /** IDX file of the labels (magic number 2049), gzipped or not, relative to this file. */
  readonly labels: string;
  /** Leave out the first this many examples. Default: none. */
  readonly skip?: number;
  /** Use only the first this many examples. Default: all. */
  readonly take?: number;
}

export interface FileList {
  /** CIFAR-10 binary files, records of 3073 bytes, read one after another. */
  readonly files: readonly string[];
  /** Leave out the first this many examples. Default: none. */
  readonly skip?: number;
  /** Use only the first this many examples. Default: all. */
  readonly take?: number;
}

export interface CsvFile {
  /** CSV file with a header line, relative to this file. */
  readonly file: string;
  /** Use only the first this many examples. Default: all. */
  readonly take?: number;
}

export type Scale = "unit" | "standardize" | "none";

export type Activation = "tanh" | "relu" | "gelu" | "sigmoid" | "softplus" | "elu" | "selu" | "silu" | "leakyRelu" | "hardtanh" | "hardswish" | "linear";

export type Initialization = "pytorch" | "he" | "lecun" | "xavier" | "mup";

export type BatchSize = number | "full";

export interface StopSpec {
  /** Number of steps. Default: 10000, or no limit when minutes are given. */
  readonly steps: number;
  /** Stop once the loss over the whole training set is at most this. */
  readonly trainLoss?: number;
  /** Stop after this many minutes of training. */
  readonly minutes?: number;
}

export type ClosingSpec = "full" | {
  /** Seconds at most; what does not fit is left out or cut short, and the verdict says so. */
  readonly seconds: number;
};

export interface ProbesSpec {
  /** Top eigenvalues of the Hessian of the training loss, with an error bar. Sharpness is λmax(H), in loss/θ². */
  readonly sharpness?: {
    /** Steps from one reading to the next. */
    readonly every: number;
    /** How many eigenvalues, largest first. */
    readonly top: number;
    /** Relative accuracy: stop when ‖Hv − λv‖ ≤ tolerance·λ. */
    readonly tolerance: number;
    /** Whether the smallest eigenvalue is read too, at twice the cost: below zero the loss falls on both sides. */
    readonly min: boolean;
  };
  /** Non-uniformity λmax(Σ)^½ of the per-example Hessians (Gauss–Newton parts) and the mean-square stability limit. */
  readonly noise?: {
    /** Steps from one reading to the next. */
    readonly every: number;
    /** Directions kept for the mean-square limit; "all" is exact. Fewer give an upper bound. */
    readonly rank: number | "all";
    /** Relative accuracy of λmax(Σ). */
    readonly tolerance: number;
  };
  /** Loss and accuracy on the test set, and the gaps to training; needs test data. */
  readonly generalization?: {
    /** Steps from one reading to the next. */
    readonly every: number;
  };
  /** Trace of the gradient covariance, simple noise scale tr Cov/‖∇L‖², and batch sharpness E[gᵀH_B g/‖g‖²]. */
  readonly gradientNoise?: {
    /** Steps from one reading to the next. */
    readonly every: number;
  };
  /** How strongly the outputs react to the inputs, ((1/n) Σ ‖∇ₓf(xᵢ)‖²)^½, and the bound that flatness puts on it. */
  readonly smoothness?: {
    /** Steps from one reading to the next. */
    readonly every: number;
  };
  /** Density of all eigenvalues by stochastic Lanczos quadrature, of the Hessian or of its Gauss–Newton part; traces and Frobenius norm with error bars. */
  readonly spectrum?: {
    /** Steps from one reading to the next. */
    readonly every: number;
    /** Which matrix's spectrum. */
    readonly of: "hessian" | "gaussNewton" | "both";
    /** Lanczos steps per random start. */
    readonly steps: number;
    /** Random starts; the error falls with their square root. */
    readonly starts: number;
    /** How many of the Gauss–Newton matrix's eigenvalues, largest first; the Hessian's come with the sharpness probe. */
    readonly top: number;
  };
  /** Sharpness of each layer by itself: the largest eigenvalue of its diagonal block of the Hessian. */
  readonly layers?: {
    /** Steps from one reading to the next. */
    readonly every: number;
    /** Relative accuracy. */
    readonly tolerance: number;
  };
  /** Motion along the manifold of minima: displacement in the sharp subspace (oscillation) and outside it (drift), how the eigenvectors turn, and the gradient of sharpness. */
  readonly manifold?: {
    /** Steps from one reading to the next. */
    readonly every: number;
    /** Eigenvectors that span the sharp subspace. */
    readonly top: number;
    /** Whether to predict where noise carries the run along the minima, and to measure where it goes. For square losses and at most 512 examples times outputs; costs a few Gram matrices and two products for each of those, with RMSProp and Adam for every Gram matrix a product for each as well. */
    readonly drift: boolean;
  };
  /** The central flow beside gradient descent on full batches, with momentum or not, or RMSProp: its own parameters follow the path that the run takes on average, also while it swings at the edge of stability (Cohen et al. 2025). */
  readonly flow?: {
    /** Steps from one reading to the next. */
    readonly every: number;
    /** Step at which the flow leaves the run, at its first reading from there on. With RMSProp better not before its mean square has settled, some 1/(1 − α) steps. */
    readonly from: number;
    /** Steps that the flow follows the run; each costs some ten times as much as one of the run. */
    readonly steps: number;
    /** Gradients and products that the flow may cost for each step of training, on the average over its course. Beyond that it ends, and says so. */
    readonly overhead: number;
    /** Eigenvectors of the Hessian that may be at the edge at once. */
    readonly top: number;
  };
}

export interface TrainerSpec {
  /** The script, a path relative to this file. */
  readonly python: string;
  /** What follows the script's name on its command line. `${optimizer.learningRate}` stands for the value of that key. */
  readonly args?: readonly string[];
  /** The Python that runs it. Default: the one in `.basin/local.json`, the setting `basin.python`, the active environment, the nearest `.venv`, `python3`. */
  readonly interpreter?: string;
}

/** A layer by its name, or { name: options }; see models/layers. */
export type LayerSpec = string | { readonly [layer: string]: unknown };

/** IDX files (MNIST, Fashion-MNIST), gzipped or not. */
export interface IdxData {
  readonly source: "idx";
  /** Training images and labels. */
  readonly train: FilePair;
  /** Test images and labels; needed for the generalization gap. */
  readonly test?: FilePair;
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Number of classes, K. Default: one more than the largest label in the whole training file. */
  readonly classes?: number;
  /** Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept. */
  readonly only?: readonly number[];
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** CIFAR-10 binary files (data_batch_1.bin …). */
export interface CifarData {
  readonly source: "cifar";
  /** Training files. */
  readonly train: FileList;
  /** Test files; needed for the generalization gap. */
  readonly test?: FileList;
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept. */
  readonly only?: readonly number[];
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** A public data set by name, from the cache folder that `basin fetch NAME` fills. */
export interface FashionMnistData {
  readonly source: "fashion-mnist";
  /** Which of the training images are used. Default: all. */
  readonly train: Part;
  /** Which of the test images are used. Default: all. */
  readonly test: Part;
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept. */
  readonly only?: readonly number[];
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** A public data set by name, from the cache folder that `basin fetch NAME` fills. */
export interface MnistData {
  readonly source: "mnist";
  /** Which of the training images are used. Default: all. */
  readonly train: Part;
  /** Which of the test images are used. Default: all. */
  readonly test: Part;
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept. */
  readonly only?: readonly number[];
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** A public data set by name, from the cache folder that `basin fetch NAME` fills. */
export interface Cifar10Data {
  readonly source: "cifar-10";
  /** Which of the training images are used. Default: all. */
  readonly train: Part;
  /** Which of the test images are used. Default: all. */
  readonly test: Part;
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept. */
  readonly only?: readonly number[];
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** One NumPy .npz archive with x_train, y_train and optionally x_test, y_test. */
export interface NpzData {
  readonly source: "npz";
  /** A `.npz` archive with `x_train`, `y_train` and, for a test set, `x_test`, `y_test`. `x` is float32 or uint8 [n, …]; `y` is float32 [n, K] or integer labels [n]. */
  readonly file: string;
  /** Names of the arrays in the archive, where they are not x_train, y_train, x_test, y_test. */
  readonly arrays?: {
    /** Array of the training inputs, default x_train. */
    readonly xTrain?: string;
    /** Array of the training targets, default y_train. */
    readonly yTrain?: string;
    /** Array of the test inputs, default x_test. */
    readonly xTest?: string;
    /** Array of the test targets, default y_test. */
    readonly yTest?: string;
  };
  /** Order of the axes of images. Default: channels first. */
  readonly layout?: "nchw" | "nhwc";
  /** Use only the first this many examples. Default: all. */
  readonly takeTrain?: number;
  /** Use only the first this many examples. Default: all. */
  readonly takeTest?: number;
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Number of classes, K. Default: one more than the largest label in the whole training file. */
  readonly classes?: number;
  /** Labels to keep, in training and test data; the i-th of them becomes class i. skip and take count what is kept. */
  readonly only?: readonly number[];
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** CSV files with a header line. */
export interface CsvData {
  readonly source: "csv";
  /** Training file. */
  readonly train: CsvFile;
  /** Test file with the same columns; needed for the generalization gap. */
  readonly test?: CsvFile;
  /** The character between fields, default ","; "\t" for a tab. */
  readonly separator?: string;
  /** What stands before the fraction of a number. Default: a point. */
  readonly decimal?: "." | ",";
  /** Whether the first line names the columns, as it does by default. Otherwise they are called "0", "1", … by their place. */
  readonly header?: boolean;
  /** Header names of the input columns. Default: every column that is no target; a nameless first column of row numbers is left out. */
  readonly columns?: readonly string[];
  /** The classes as the file writes them; the i-th becomes class i. Default: whole numbers from 0 stand for themselves, names are numbered as sorted. */
  readonly classNames?: readonly string[];
  /** Header names of the target columns. */
  readonly targets: readonly string[];
  /** What the target columns mean. */
  readonly task: "regression" | "classification";
  /** How inputs are scaled. */
  readonly scale: Scale;
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** Regression of the Chebyshev polynomial y = T_k(x) at equally spaced x in [−1, 1] (Cohen et al. 2021, appendix). */
export interface ChebyshevData {
  readonly source: "chebyshev";
  /** Degree k of the polynomial T_k. */
  readonly degree: number;
  /** Number of training points, n. */
  readonly examples: number;
  /** Number of test examples; 0 for none. */
  readonly testExamples: number;
  /** Standard deviation of the Gaussian noise added to the training targets. */
  readonly noise: number;
}

/** Regression of a random teacher network's outputs on standard Gaussian inputs; teacher and inputs come from the seed. */
export interface TeacherData {
  readonly source: "teacher";
  /** Number of inputs, D. */
  readonly inputs: number;
  /** Number of outputs, K. */
  readonly outputs: number;
  /** Widths of the teacher's hidden layers; [] is a linear teacher. */
  readonly hidden: readonly number[];
  /** What is applied between the layers. */
  readonly activation: Activation;
  /** Number of training examples, n. */
  readonly examples: number;
  /** Number of test examples; 0 for none. */
  readonly testExamples: number;
  /** Standard deviation of the Gaussian noise added to the training targets. */
  readonly noise: number;
}

/** Classification of points on interleaved spirals in the plane. */
export interface SpiralsData {
  readonly source: "spirals";
  /** Number of spiral arms, one class each. */
  readonly classes: number;
  /** Turns of each arm from the centre to radius 1. */
  readonly turns: number;
  /** Number of training points over all classes, n; at least one per class. */
  readonly examples: number;
  /** Number of test examples; 0 for none. */
  readonly testExamples: number;
  /** Standard deviation of the Gaussian noise added to each coordinate. */
  readonly noise: number;
  /** Fraction of the training labels replaced by a uniformly random other class, drawn from the seed. Test labels stay. */
  readonly labelNoise?: number;
}

/** The one-dimensional example of Wu, Ma & E 2018: with the model `twoMinima` and loss `mse`, example i loses min{x², cᵢ(x−1)²}. */
export interface TwoMinimaData {
  readonly source: "two-minima";
  /** Curvature cᵢ of each example around x = 1. With a mean of 1 both minima are equally sharp for full batches. */
  readonly curvatures: readonly number[];
}

export type DataSpec = IdxData | CifarData | FashionMnistData | MnistData | Cifar10Data | NpzData | CsvData | ChebyshevData | TeacherData | SpiralsData | TwoMinimaData;

/** Dense layers with an activation between. */
export interface MlpSpec {
  readonly kind: "mlp";
  /** Widths of the hidden layers, input side first; [] is a linear model. */
  readonly hidden: readonly number[];
  /** What is applied between the layers. */
  readonly activation: Activation;
  /** Whether dense and convolution layers add a bias. */
  readonly bias: boolean;
  /** How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP's learning rates per layer. */
  readonly initialization?: Initialization;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Dense layers without activations. */
export interface DeepLinearSpec {
  readonly kind: "deepLinear";
  /** Widths of the hidden layers, input side first; [] is a linear model. */
  readonly hidden: readonly number[];
  /** Whether dense layers add a bias. */
  readonly bias: boolean;
  /** How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP's learning rates per layer. */
  readonly initialization?: Initialization;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Convolutions with pooling, then dense layers. */
export interface CnnSpec {
  readonly kind: "cnn";
  /** Filters of each convolution; a pooling by two follows each. */
  readonly filters: readonly number[];
  /** Height and width of the convolutions' windows; odd, since the padding keeps the image's size. */
  readonly kernel: number;
  /** Kind of pooling. */
  readonly pool: "avg" | "max";
  /** Widths of the hidden layers, input side first; [] is a linear model. */
  readonly hidden: readonly number[];
  /** What is applied between the layers. */
  readonly activation: Activation;
  /** Whether dense and convolution layers add a bias. */
  readonly bias: boolean;
  /** How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP's learning rates per layer. */
  readonly initialization?: Initialization;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Residual network for small images (He et al. 2016). */
export interface ResnetSpec {
  readonly kind: "resnet";
  /** Filters of the first stage; the next two have twice and four times as many. */
  readonly width: number;
  /** Residual blocks per stage; 3 gives ResNet-20. */
  readonly blocks: number;
  /** What is applied between the layers. */
  readonly activation: Activation;
  /** Batch normalization after each convolution, or none. */
  readonly norm: "batch" | "none";
  /** How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP's learning rates per layer. */
  readonly initialization?: Initialization;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Small transformer over sequences of tokens: encoder, or causal decoder. */
export interface TransformerSpec {
  readonly kind: "transformer";
  /** Number of tokens; the data holds them as whole numbers from 0. */
  readonly vocabulary: number;
  /** Width of the vectors that stand for tokens. */
  readonly width: number;
  /** Number of blocks of attention and perceptron. */
  readonly depth: number;
  /** Attention heads; they divide the width. */
  readonly heads: number;
  /** A decoder: each position sees those before it, and the last one predicts. Otherwise an encoder, whose mean over the positions predicts. */
  readonly causal: boolean;
  /** What is applied between the layers. */
  readonly activation: Activation;
  /** Share of entries set to zero while training; off while probing. */
  readonly dropout: number;
  /** How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP's learning rates per layer. */
  readonly initialization?: Initialization;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Any list of layers. */
export interface SequentialSpec {
  readonly kind: "sequential";
  /** Layers in order, each a name or `{ name: options }`. Each takes an index in the names of its parameters, as in `nn.Sequential`. A last `"dense"` takes its width from the data. */
  readonly layers: readonly LayerSpec[];
  /** How the weights start; default "pytorch". All but "pytorch" start biases at zero. "mup" is the initialization alone, without muP's learning rates per layer. */
  readonly initialization?: Initialization;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
}

/** One parameter x with min{x², c(x−1)²} as its loss (Wu, Ma & E 2018); for the data source two-minima. */
export interface TwoMinimaSpec {
  readonly kind: "twoMinima";
  /** Where x starts. Exactly at a minimum, 0 or 1, no gradient moves it. */
  readonly start: number;
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
  readonly initialization?: undefined;
}

/** A network of your own, from an ONNX file. */
export interface OnnxSpec {
  readonly kind?: undefined;
  /** In place of `kind`: a network of your own, an ONNX file relative to this one, e.g. from torch.onnx.export. Its float initializers that act as weights are the parameters, in their own names, and training starts from their values. */
  readonly onnx: string;
  /** Names of the initializers that are trained, and no others; * stands for any text. Without it, those that act as weights. */
  readonly train?: readonly string[];
  /** Names of initializers that are not trained, such as fixed position codes; * stands for any text. Running statistics of batch normalization never are. */
  readonly freeze?: readonly string[];
  /** A safetensors file to start from, named as PyTorch's `nn.Sequential` names its parameters (`0.weight` [out, in], `0.bias`, `2.weight`, …). Default: a fresh initialization from the seed. */
  readonly weights?: string;
  /** Names in the weights file where they are not this model's: its own name → the file's, such as `{ "0.weight": "fc1.weight" }`. Without it names are matched by order and shape where that is unambiguous. */
  readonly names?: Readonly<Record<string, string>>;
  readonly initialization?: undefined;
}

export type BuiltinSpec = MlpSpec | DeepLinearSpec | CnnSpec | ResnetSpec | TransformerSpec | SequentialSpec | TwoMinimaSpec;

export type ModelSpec = MlpSpec | DeepLinearSpec | CnnSpec | ResnetSpec | TransformerSpec | SequentialSpec | TwoMinimaSpec | OnnxSpec;

/** Gradient descent, full batch or mini-batch, with heavy-ball or Nesterov momentum, as torch.optim.SGD. */
export interface SgdSpec {
  readonly kind: "sgd";
  /** Learning rate η > 0, in θ²/loss, so η·sharpness is dimensionless. Gradient descent is linearly stable at a minimum iff sharpness ≤ 2/η. */
  readonly learningRate: number;
  /** Examples per step, drawn without replacement as `sampling` says. `"full"` uses all of them: gradient descent. */
  readonly batchSize: BatchSize;
  /** How mini-batches are drawn. */
  readonly sampling: "epochs" | "independent";
  /** Momentum β: v ← βv − η∇L, θ ← θ + v. Full batch is stable iff sharpness ≤ (2+2β)/η. */
  readonly momentum: number;
  /** Nesterov's momentum instead of heavy-ball: the gradient is taken at θ + βv. Needs `momentum` > 0. Stable iff λmax ≤ (2+2β)/((1+2β)η). */
  readonly nesterov: boolean;
  /** Sharpness-aware minimization: every step takes its gradient at θ + r∇L/‖∇L‖, for the price of two. Full batch swings at sharpness (‖∇L‖/2r)(√(1 + 8r/(η‖∇L‖)) − 1), below 2/η. Default: none. */
  readonly sam?: {
    /** Length r of the step up the slope, in units of θ. */
    readonly radius: number;
  };
  /** Weight decay w: wθ is added to the gradient (L2, as in PyTorch), which shifts the Hessian that stability sees to H + wI. */
  readonly weightDecay: number;
  /** How the learning rate changes over training. Default: it does not. */
  readonly schedule?: ScheduleSpec;
  /** Gradient clipping: a gradient whose norm is above this is scaled down to it, as torch.nn.utils.clip_grad_norm_ does. Default: none. */
  readonly clip?: number;
  /** Deviation of the fresh Gaussian noise that every step adds to its targets, in units of the targets; for losses of real-valued targets. Default: none. Fixed noise in the data is `data.labelNoise`, or `data.noise`. */
  readonly labelNoise?: number;
}

/** Each coordinate over the root of its running mean square gradient, as torch.optim.RMSprop. */
export interface RmspropSpec {
  readonly kind: "rmsprop";
  /** Learning rate η > 0, in θ²/loss, so η·sharpness is dimensionless. Gradient descent is linearly stable at a minimum iff sharpness ≤ 2/η. */
  readonly learningRate: number;
  /** Examples per step, drawn without replacement as `sampling` says. `"full"` uses all of them: gradient descent. */
  readonly batchSize: BatchSize;
  /** How mini-batches are drawn. */
  readonly sampling: "epochs" | "independent";
  /** Decay α of the running mean square of the gradient: v ← αv + (1−α)g². PyTorch's default, 0.99. */
  readonly alpha: number;
  /** ε in the preconditioner P = √v̂ + ε, in loss/θ. */
  readonly epsilon: number;
  /** Heavy-ball momentum β on the preconditioned gradient. Full batch is stable iff λmax(P^-½ H P^-½) ≤ (2+2β)/η. */
  readonly momentum: number;
  /** Weight decay w: wθ is added to the gradient (L2, as in PyTorch), which shifts the Hessian that stability sees to H + wI. */
  readonly weightDecay: number;
  /** How the learning rate changes over training. Default: it does not. */
  readonly schedule?: ScheduleSpec;
  /** Gradient clipping: a gradient whose norm is above this is scaled down to it, as torch.nn.utils.clip_grad_norm_ does. Default: none. */
  readonly clip?: number;
  /** Deviation of the fresh Gaussian noise that every step adds to its targets, in units of the targets; for losses of real-valued targets. Default: none. Fixed noise in the data is `data.labelNoise`, or `data.noise`. */
  readonly labelNoise?: number;
}

/** RMSProp with a running mean of the gradient, both bias-corrected, as torch.optim.Adam. */
export interface AdamSpec {
  readonly kind: "adam";
  /** Learning rate η > 0, in θ²/loss, so η·sharpness is dimensionless. Gradient descent is linearly stable at a minimum iff sharpness ≤ 2/η. */
  readonly learningRate: number;
  /** Examples per step, drawn without replacement as `sampling` says. `"full"` uses all of them: gradient descent. */
  readonly batchSize: BatchSize;
  /** How mini-batches are drawn. */
  readonly sampling: "epochs" | "independent";
  /** Decay β₁ of the running mean of the gradient. Full batch is stable iff λmax(P^-½ H P^-½) ≤ (2+2β₁)/((1−β₁)η): 38/η at 0.9. */
  readonly beta1: number;
  /** Decay β₂ of the running mean square of the gradient, v̂, which makes the preconditioner P = √v̂ + ε. */
  readonly beta2: number;
  /** ε in the preconditioner P = √v̂ + ε, in loss/θ. */
  readonly epsilon: number;
  /** Weight decay w: wθ is added to the gradient (L2, as in PyTorch), which shifts the Hessian that stability sees to H + wI. */
  readonly weightDecay: number;
  /** How the learning rate changes over training. Default: it does not. */
  readonly schedule?: ScheduleSpec;
  /** Gradient clipping: a gradient whose norm is above this is scaled down to it, as torch.nn.utils.clip_grad_norm_ does. Default: none. */
  readonly clip?: number;
  /** Deviation of the fresh Gaussian noise that every step adds to its targets, in units of the targets; for losses of real-valued targets. Default: none. Fixed noise in the data is `data.labelNoise`, or `data.noise`. */
  readonly labelNoise?: number;
}

/** Adam with weight decay apart from the gradient, as torch.optim.AdamW. */
export interface AdamwSpec {
  readonly kind: "adamw";
  /** Learning rate η > 0, in θ²/loss, so η·sharpness is dimensionless. Gradient descent is linearly stable at a minimum iff sharpness ≤ 2/η. */
  readonly learningRate: number;
  /** Examples per step, drawn without replacement as `sampling` says. `"full"` uses all of them: gradient descent. */
  readonly batchSize: BatchSize;
  /** How mini-batches are drawn. */
  readonly sampling: "epochs" | "independent";
  /** Decay β₁ of the running mean of the gradient. Full batch is stable iff λmax(P^-½ H P^-½) ≤ (2+2β₁)/((1−β₁)η): 38/η at 0.9. */
  readonly beta1: number;
  /** Decay β₂ of the running mean square of the gradient, v̂, which makes the preconditioner P = √v̂ + ε. */
  readonly beta2: number;
  /** ε in the preconditioner P = √v̂ + ε, in loss/θ. */
  readonly epsilon: number;
  /** Decoupled weight decay w: θ ← (1 − ηw)θ before each step, apart from the gradient. PyTorch's default, 0.01. */
  readonly weightDecay: number;
  /** How the learning rate changes over training. Default: it does not. */
  readonly schedule?: ScheduleSpec;
  /** Gradient clipping: a gradient whose norm is above this is scaled down to it, as torch.nn.utils.clip_grad_norm_ does. Default: none. */
  readonly clip?: number;
  /** Deviation of the fresh Gaussian noise that every step adds to its targets, in units of the targets; for losses of real-valued targets. Default: none. Fixed noise in the data is `data.labelNoise`, or `data.noise`. */
  readonly labelNoise?: number;
}

export type OptimizerSpec = SgdSpec | RmspropSpec | AdamSpec | AdamwSpec;

/** The learning rate itself, after the warm-up. */
export interface ConstantSchedule {
  readonly kind: "constant";
  /** Steps of linear warm-up W: step t < W uses (t+1)/W of the learning rate. */
  readonly warmup: number;
}

/** Falls along a half cosine, as torch.optim.lr_scheduler.CosineAnnealingLR. */
export interface CosineSchedule {
  readonly kind: "cosine";
  /** Steps of linear warm-up W: step t < W uses (t+1)/W of the learning rate. */
  readonly warmup: number;
  /** Step at which the final learning rate is reached, warm-up included; it stays there. Default: `stop.steps`. */
  readonly steps: number;
  /** Final learning rate as a fraction of `learningRate`. */
  readonly final: number;
}

/** Falls by a factor at equal distances, as torch.optim.lr_scheduler.StepLR. */
export interface StepSchedule {
  readonly kind: "step";
  /** Steps of linear warm-up W: step t < W uses (t+1)/W of the learning rate. */
  readonly warmup: number;
  /** Steps from one fall of the learning rate to the next, counted from the end of the warm-up. */
  readonly every: number;
  /** What the learning rate is multiplied by each time. */
  readonly factor: number;
}

export type ScheduleSpec = ConstantSchedule | CosineSchedule | StepSchedule;

export type DenseOptions = number | {
  /** Width of the layer. */
  readonly units: number;
  /** Whether it adds a bias. */
  readonly bias?: boolean;
};

export type Conv2dOptions = {
  /** Number of output channels. */
  readonly filters: number;
  /** Height and width of the window. */
  readonly kernel: number;
  /** Step from one window to the next. */
  readonly stride?: number;
  /** Zeros on every side; "same" keeps the size at stride 1. */
  readonly padding?: number | "same";
  /** Independent groups of channels. */
  readonly groups?: number;
  /** Whether it adds a bias. */
  readonly bias?: boolean;
};

export type AvgPool2dOptions = number | {
  /** Height and width of the window. */
  readonly kernel: number;
  /** Step from one window to the next; default: the kernel, so that windows do not overlap. */
  readonly stride?: number;
};

export type MaxPool2dOptions = number | {
  /** Height and width of the window. */
  readonly kernel: number;
  /** Step from one window to the next; default: the kernel, so that windows do not overlap. */
  readonly stride?: number;
};

export type DropoutOptions = number;

export type EmbeddingOptions = {
  /** Number of tokens, from 0. */
  readonly vocabulary: number;
  /** Width of the vectors. */
  readonly width: number;
};

export type SelfAttentionOptions = {
  /** Number of heads; they divide the width. */
  readonly heads: number;
  /** Whether a position sees itself and those before it only. */
  readonly causal?: boolean;
};

export type ResidualOptions = readonly LayerSpec[] | {
  /** Layers in order, each a name or `{ name: options }`. Each takes an index in the names of its parameters, as in `nn.Sequential`. A last `"dense"` takes its width from the data. */
  readonly layers: readonly LayerSpec[];
  /** Layers in order, each a name or `{ name: options }`. Each takes an index in the names of its parameters, as in `nn.Sequential`. A last `"dense"` takes its width from the data. */
  readonly shortcut?: readonly LayerSpec[];
};

export interface Experiment {
  /** Name of the experiment, shown in the tree and part of every run id. Default: the file's name. */
  readonly name: string;
  /** Seed of everything random: initial weights, mini-batches, synthetic data. Same seed, same run. */
  readonly seed: number;
  /** Where the training and test examples come from; `source` decides the other keys. */
  readonly data: DataSpec;
  /** The network; `kind` decides the other keys. Inputs and outputs come from the data. */
  readonly model: ModelSpec;
  /** Training loss. Class labels become one-hot targets for the first two. */
  readonly loss: LossKind;
  /** How the weights are updated; `kind` decides the other keys. */
  readonly optimizer: OptimizerSpec;
  /** A Python script of your own that trains, in place of Basin's trainer, and calls `basin.watch`. What it trains on, the model, the loss and when it stops are its own affair. */
  readonly trainer?: TrainerSpec;
  /** With a `trainer`: the script's settings that are no part of `optimizer`. A sweep, `--set` and `${…}` in `args` name them; the script finds them in `BASIN_SETTINGS`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** When the run ends: at the first condition that holds. */
  readonly stop: StopSpec;
  /** What is measured while training. Only the probes listed are taken; without this key all are, at their defaults. */
  readonly probes: ProbesSpec;
  /** Saved states, from which a run resumes bit-exactly. */
  readonly checkpoints: {
    /** Steps from one checkpoint to the next. Default: 500, and as a run grows long the largest 500 · 2^k within a 64th of its steps so far, so that they never pile up. */
    readonly every?: number;
  };
  /** What computes losses, gradients and Hessian products. `basin doctor` says which engines work here. */
  readonly engine: "auto" | "onnx" | "wasm" | "tensorflow" | "webgpu" | "cuda" | "coreml" | "directml";
  /** Budget for training and the values of one pass over the examples, such as "2GB". More examples than fit are processed in chunks: slower, with the same results up to rounding. A model whose parameters alone need more is refused. */
  readonly memory: string;
  /** Threads inside one operation of the native engines; WebAssembly has one. Default: all cores but one where there are more than two. Sums are split over them: another number rounds differently. */
  readonly threads?: number;
  /** How many of the training examples readings of curvature, noise and their limits are taken on, where there are more: drawn once from the seed. Every such reading is then an estimate whose error bar holds what another sample would change; training, losses and the norm of the gradient are of all examples. Default: all. */
  readonly subsample?: number;
  /** What the measurement at the last point, on which the verdict rests, may take: "full" for every reading as exact as asked, or a budget. Without it a run takes 20 seconds at most, and `basin measure` what it needs. */
  readonly closing?: ClosingSpec;
  /** Where the run's process starts. */
  readonly launch: {
    /** Where to run. */
    readonly on: "local" | "slurm";
    /** Runs of a sweep that train at the same time. */
    readonly concurrency: number;
    /** What a job asks of Slurm, where `launch.on` is `slurm`. What belongs to one cluster stands best in `.basin/local.json`. */
    readonly slurm?: {
      /** The partition, or several with commas between. Default: the cluster's own. */
      readonly partition?: string;
      /** Longest time of one stretch, `hours:minutes:seconds`, `days-hours` or minutes. A run that needs longer goes on in another (`requeues`). */
      readonly time?: string;
      /** Processors. */
      readonly cpus?: number;
      /** GPUs of each node. */
      readonly gpus?: number;
      /** Memory of each node. */
      readonly memory?: string;
      /** Nodes of one run. More than one, or more than one GPU, starts the Python script by `torchrun` on all of them; Basin's own trainer needs one node. */
      readonly nodes?: number;
      /** Further options of `sbatch`, a word each; they come last and win. */
      readonly args?: readonly string[];
      /** Lines of shell before the run starts on its node. */
      readonly setup?: readonly string[];
      /** Seconds before the time limit at which the run writes a checkpoint and leaves its place. Slurm may warn up to a minute earlier. Default: 90. */
      readonly warning?: number;
      /** How often one run may go on in a new stretch, after its time limit or where it was preempted. Default: 20. */
      readonly requeues?: number;
    };
  };
}
