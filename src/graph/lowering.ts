// What an op may ask of an engine when it is lowered: two small vocabularies, so that graph/ imports no runtime.

/** Attributes of an ONNX node: integers, floats and lists of integers. */
export type OnnxAttributes = Readonly<Record<string, number | readonly number[]>>;

/** Writes one op's ONNX nodes. Every call returns the name of the value it made. */
export interface OnnxEmitter {
  /** Appends a node with one output. Numbers in `floats` become FLOAT attributes, all others INT or INTS. */
  node(
    type: string,
    inputs: readonly string[],
    attributes?: OnnxAttributes,
    floats?: Readonly<Record<string, number>>,
  ): string;
  /** A float32 constant tensor. */
  floats(values: ArrayLike<number>, shape: readonly number[]): string;
  /** A one-dimensional int64 constant, as ONNX wants shapes and axes. */
  ints(values: readonly number[]): string;
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
