// What an op may ask of an engine when it is lowered: three small vocabularies, so that graph/ imports no runtime.

/** Attributes of an ONNX node: integers, floats and lists of integers. */
type OnnxAttributes = Readonly<Record<string, number | readonly number[]>>;

/** Writes one op's ONNX nodes. Every call returns the name of the value it made. */
export interface OnnxEmitter {
  /** Appends a node with one output. Numbers in `floats` become FLOAT attributes, all others INT or INTS. */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: OnnxAttributes,
    floats?: Readonly<Record<string, number>>,
  ): string;
  /** As `node`, of a node with two outputs the second. */
  second(type: string, inputs: readonly string[], attributes?: OnnxAttributes): string;
  /** A float32 constant tensor. */
  floats(values: ArrayLike<number>, shape: readonly number[]): string;
  /** A one-dimensional int64 constant, as ONNX wants shapes and axes. */
  ints(values: readonly number[]): string;
  /** Whether to keep to what providers for GPUs have and compute to float32: neither MaxPool's places nor Atanh of small numbers. */
  readonly portable: boolean;
}

/** An opaque tensor of a TensorFlow-like runtime. */
export type TfTensor = object;

/** The part of tfjs that ops use; `@tensorflow/tfjs-core` and `tfjs-node` both have this shape. */
export interface Tf {
  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  div(a: TfTensor, b: TfTensor): TfTensor;
  neg(a: TfTensor): TfTensor;
  abs(a: TfTensor): TfTensor;
  exp(a: TfTensor): TfTensor;
  log(a: TfTensor): TfTensor;
  sqrt(a: TfTensor): TfTensor;
  erf(a: TfTensor): TfTensor;
  tanh(a: TfTensor): TfTensor;
  sigmoid(a: TfTensor): TfTensor;
  softplus(a: TfTensor): TfTensor;
  relu(a: TfTensor): TfTensor;
  step(a: TfTensor, alpha?: number): TfTensor;
  sum(a: TfTensor, axes: number[], keepDims: boolean): TfTensor;
  logSumExp(a: TfTensor, axes: number[], keepDims: boolean): TfTensor;
  softmax(a: TfTensor): TfTensor;
  reshape(a: TfTensor, shape: number[]): TfTensor;
  broadcastTo(a: TfTensor, shape: number[]): TfTensor;
  matMul(a: TfTensor, b: TfTensor, ta: boolean, tb: boolean): TfTensor;
  transpose(a: TfTensor, perm: number[]): TfTensor;
  slice(a: TfTensor, begin: number[], size: number[]): TfTensor;
  pad(a: TfTensor, paddings: [number, number][]): TfTensor;
  concat(parts: TfTensor[], axis: number): TfTensor;
  /** Channels last: x [n, h, w, c], filter [kh, kw, c, o]. */
  conv2d(x: TfTensor, filter: TfTensor, strides: number, pad: "valid"): TfTensor;
  conv2dTranspose(
    x: TfTensor,
    filter: TfTensor,
    outputShape: readonly [number, number, number, number],
    strides: number,
    pad: "valid",
  ): TfTensor;
  argMax(a: TfTensor, axis: number): TfTensor;
  oneHot(indices: TfTensor, depth: number): TfTensor;
  cast(a: TfTensor, dtype: "int32" | "float32"): TfTensor;
  tensor(values: Float32Array, shape: number[]): TfTensor;
}

/** A value of the small engine. */
export interface KernelValue {
  readonly shape: readonly number[];
}

/** Lowers ops to kernels over small float32 arrays in memory. Every call makes one value. */
export interface KernelEmitter {
  /** f(x) element by element. */
  unary(
    name: "neg" | "reciprocal" | "sqrt" | "relu" | "step" | "exp" | "tanh" | "sigmoid",
    x: KernelValue,
  ): KernelValue;
  /** f(a, b) element by element, both broadcast to `shape`. */
  binary(
    name: "add" | "sub" | "mul" | "div",
    a: KernelValue,
    b: KernelValue,
    shape: readonly number[],
  ): KernelValue;
  /** Sums over axes, which stay with length 1. */
  sum(x: KernelValue, axes: readonly number[]): KernelValue;
  /** op(A) op(B) of two matrices, or of two equal stacks of them. */
  matmul(
    a: KernelValue,
    b: KernelValue,
    shape: readonly number[],
    flags: { readonly ta: boolean; readonly tb: boolean },
  ): KernelValue;
  /** The same numbers under another shape. */
  reshape(x: KernelValue, shape: readonly number[]): KernelValue;
  /**
   * A value that only moves numbers: where `source` gives for each index of the output the index in x to read, or null for 0.
   */
  rearrange(
    x: KernelValue,
    shape: readonly number[],
    source: (index: readonly number[]) => readonly number[] | null,
  ): KernelValue;
  /** What has no kernel, in plain code: x as it is, `out` to be filled. */
  plain(
    x: KernelValue,
    shape: readonly number[],
    f: (x: Float32Array, out: Float32Array) => void,
  ): KernelValue;
}
