// The ONNX ops that can be imported: one line an op.
import * as g from "../../graph/ops";
import { einsum } from "./einsum";
import * as f from "./functions";
import type { OpContext } from "./context";
import { convolution, gemm, matMul } from "./linear";
import * as m from "./shapeOps";
import type { Value } from "./values";

export type OpBuilder = (c: OpContext) => Value | readonly Value[];

export const onnxOps: Readonly<Record<string, OpBuilder>> = {
  Add: f.binary(g.add, (a, b) => a + b),
  Sub: f.binary(g.sub, (a, b) => a - b),
  Mul: f.binary(g.mul, (a, b) => a * b),
  Div: f.binary(g.div, (a, b) => a / b),
  Neg: f.unary(g.neg, (x) => -x),
  Abs: f.unary(f.abs, Math.abs),
  Exp: f.unary(g.exp, Math.exp),
  Log: f.unary(g.log, Math.log),
  Sqrt: f.unary(g.sqrt, Math.sqrt),
  Reciprocal: f.unary(g.reciprocal, (x) => 1 / x),
  Erf: f.unary(g.erf),
  Pow: f.pow,

  Relu: f.unary(g.relu),
  Tanh: f.unary(g.tanh),
  Sigmoid: f.unary(g.sigmoid),
  Softplus: f.unary(g.softplus),
  Mish: f.unary(f.mish),
  Gelu: f.gelu,
  LeakyRelu: f.leakyRelu,
  PRelu: f.prelu,
  Elu: f.elu,
  Celu: f.celu,
  Selu: f.selu,
  HardSigmoid: f.hardSigmoid,
  HardSwish: f.unary(f.hardSwish),
  Clip: f.clip,
  Softmax: f.softmax,
  LogSoftmax: f.logSoftmax,

  Gemm: gemm,
  MatMul: matMul,
  Einsum: einsum,
  Conv: convolution,

  MaxPool: f.pool("max"),
  AveragePool: f.pool("mean"),
  GlobalAveragePool: f.globalAveragePool,
  ReduceMean: f.reduce("mean"),
  ReduceSum: f.reduce("sum"),
  BatchNormalization: f.batchNormalization,
  LayerNormalization: f.layerNormalization,
  InstanceNormalization: f.instanceNormalization,
  GroupNormalization: f.groupNormalization,

  Reshape: m.reshapeOp,
  Flatten: m.flatten,
  Transpose: m.transposeOp,
  Unsqueeze: m.unsqueeze,
  Squeeze: m.squeeze,
  Concat: m.concatOp,
  Slice: m.sliceOp,
  Split: m.split,
  Gather: m.gather,
  Pad: m.padOp,
  Expand: m.expand,
  Shape: m.shape,
  Cast: m.cast,
  CastLike: m.castLike,
  ConstantOfShape: m.constantOfShape,
  Identity: m.identity,
  Where: m.where,
  Equal: f.hostOnly((a, b) => (a === b ? 1 : 0)),
  Greater: f.greater(false),
  Less: f.greater(true),
  Mod: f.mod,
  Range: m.range,
  Constant: m.constant,
  /** Off: the curvature is that of the deterministic network. */
  Dropout: (c) => {
    c.ignoreAttributes("ratio", "seed", "is_test");
    c.ignoreInputs(1, 2);
    return c.value(0);
  },
};
