// A small model for every ONNX op that can be imported: the rows of the importer's sweep.
import type { ModelBytes, NodeSpec } from "./onnxBytes";

export interface OnnxSample extends ModelBytes {
  readonly name: string;
  /** Names the importer trains, in their order. */
  readonly trained: readonly string[];
}

const sample = (
  name: string,
  x: readonly number[],
  nodes: readonly NodeSpec[],
  more: Partial<OnnxSample> = {},
) => ({
  name,
  x,
  nodes,
  trained: [],
  ...more,
});

const unary = (op: string, attributes = {}) => sample(op, [4], [[op, ["x"], ["y"], attributes]]);
/** One op between the data and a parameter, both ways round. */
const withParameter = (op: string, p: readonly number[], x: readonly number[] = [3, 4]): OnnxSample[] =>
  [
    ["x", "p"],
    ["p", "x"],
  ].map((inputs) =>
    sample(`${op}(${inputs.join(", ")}), p [${p.join(", ")}]`, x, [[op, inputs, ["y"]]], {
      initializers: { p: { shape: p } },
      trained: ["p"],
    }),
  );

export const onnxSamples: readonly OnnxSample[] = [
  ...["Neg", "Exp", "Relu", "Tanh", "Sigmoid", "Softplus", "Erf", "Softmax", "LogSoftmax"].map((op) =>
    unary(op),
  ),
  ...["Log", "Sqrt", "Reciprocal"].map((op) =>
    sample(
      op,
      [4],
      [
        ["Exp", ["x"], ["e"]],
        [op, ["e"], ["y"]],
      ],
    ),
  ),
  sample(
    "Identity, Dropout",
    [4],
    [
      ["Identity", ["x"], ["a"]],
      ["Dropout", ["a"], ["y"]],
    ],
  ),
  { ...unary("Mish"), opset: 18 },
  ...["Greater", "Less"].map((op) =>
    sample(
      `${op} of data, as a factor`,
      [4],
      [
        ["Neg", ["x"], ["minus"]],
        [op, ["x", "minus"], ["over"]],
        ["CastLike", ["over", "x"], ["one"]],
        ["Mul", ["one", "x"], ["y"]],
      ],
    ),
  ),
  sample(
    "Mod of whole constants, as a shift's index",
    [4],
    [
      ["Mod", ["seven", "four"], ["three"]],
      ["Gather", ["x", "three"], ["y"], { axis: 1 }],
    ],
    { initializers: { seven: { ints: [7] }, four: { ints: [4] } } },
  ),
  sample("Einsum with a weight", [4], [["Einsum", ["x", "w"], ["y"], { equation: "bi,oi->bo" }]], {
    initializers: { w: { shape: [3, 4] } },
    trained: ["w"],
  }),
  unary("LeakyRelu", { alpha: { float: 0.2 } }),
  ...["Add", "Sub", "Mul", "Div"].flatMap((op) => [
    ...withParameter(op, [4]),
    ...withParameter(op, [3, 1]),
    ...withParameter(op, [1, 3, 4]),
    ...withParameter(op, [1]),
    sample(
      `${op} of data and data`,
      [4],
      [
        ["Exp", ["x"], ["e"]],
        [op, ["x", "e"], ["y"]],
      ],
    ),
  ]),
  sample("Pow 3", [4], [["Pow", ["x", "three"], ["y"]]], {
    initializers: { three: { floats: [3], shape: [] } },
  }),
  sample("Clip", [4], [["Clip", ["x", "lo", "hi"], ["y"]]], {
    initializers: { lo: { floats: [-0.3], shape: [] }, hi: { floats: [0.4], shape: [] } },
  }),
  sample("Gelu", [4], [["Gelu", ["x"], ["y"], { approximate: "tanh" }]], { opset: 20 }),
  sample("Gemm, weight as PyTorch's", [4], [["Gemm", ["x", "w", "b"], ["y"], { transB: 1 }]], {
    initializers: { w: { shape: [3, 4] }, b: { shape: [3] } },
    trained: ["w", "b"],
  }),
  sample("Gemm, the other layout", [4], [["Gemm", ["x", "w"], ["y"]]], {
    initializers: { w: { shape: [4, 3] } },
    trained: ["w"],
  }),
  sample(
    "MatMul over positions, weight turned over",
    [5, 4],
    [
      ["Transpose", ["w"], ["t"]],
      ["MatMul", ["x", "t"], ["y"]],
    ],
    {
      initializers: { w: { shape: [3, 4] } },
      trained: ["w"],
    },
  ),
  sample(
    "MatMul of data and data",
    [3, 4],
    [
      ["Transpose", ["x"], ["t"], { perm: [0, 2, 1] }],
      ["MatMul", ["x", "t"], ["y"]],
    ],
  ),
  sample(
    "rows of parts of an example",
    [2, 4],
    [
      ["Reshape", ["x", "to"], ["a"]],
      ["MatMul", ["a", "w"], ["b"]],
      ["Reshape", ["b", "back"], ["y"]],
    ],
    {
      initializers: { w: { shape: [2, 1] }, to: { ints: [-1, 2] }, back: { ints: [-1, 4] } },
      trained: ["w"],
    },
  ),
  sample(
    "heads beside the examples, then sequences before them, as torch 1.13 writes MultiheadAttention",
    [3, 4],
    [
      ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }],
      ["MatMul", ["t", "q"], ["a"]],
      ["Reshape", ["a", "heads"], ["b"]],
      ["Transpose", ["b"], ["left"], { perm: [1, 0, 2] }],
      ["Transpose", ["b"], ["right"], { perm: [1, 2, 0] }],
      ["MatMul", ["left", "right"], ["scores"]],
      ["Softmax", ["scores"], ["seen"], { axis: -1 }],
      ["MatMul", ["seen", "left"], ["c"]],
      ["Transpose", ["c"], ["d"], { perm: [1, 0, 2] }],
      ["Reshape", ["d", "flat"], ["e"]],
      ["Gemm", ["e", "w", "b0"], ["f"], { transB: 1 }],
      ["Reshape", ["f", "back"], ["g"]],
      ["Transpose", ["g"], ["y"], { perm: [1, 0, 2] }],
    ],
    {
      initializers: {
        q: { shape: [4, 4] },
        heads: { ints: [3, -1, 2] },
        flat: { ints: [-1, 4] },
        w: { shape: [5, 4] },
        b0: { shape: [5] },
        back: { ints: [3, -1, 5] },
      },
      trained: ["q", "w", "b0"],
    },
  ),
  sample(
    "sequence first, the examples in the middle",
    [5, 4],
    [
      ["Transpose", ["x"], ["t"], { perm: [1, 0, 2] }],
      ["MatMul", ["t", "w"], ["z"]],
      ["Add", ["z", "b"], ["s"]],
      ["Transpose", ["s"], ["y"], { perm: [1, 0, 2] }],
    ],
    { initializers: { w: { shape: [4, 3] }, b: { shape: [3] } }, trained: ["w", "b"] },
  ),
  sample(
    "Conv",
    [2, 5, 5],
    [["Conv", ["x", "w", "b"], ["y"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] }]],
    {
      initializers: { w: { shape: [3, 2, 3, 3] }, b: { shape: [3] } },
      trained: ["w", "b"],
    },
  ),
  sample(
    "Conv in groups, uneven padding",
    [4, 4, 4],
    [["Conv", ["x", "w"], ["y"], { kernel_shape: [2, 2], pads: [0, 0, 1, 1], group: 2 }]],
    {
      initializers: { w: { shape: [2, 2, 2, 2] } },
      trained: ["w"],
    },
  ),
  sample(
    "MaxPool with padding",
    [2, 4, 4],
    [["MaxPool", ["x"], ["y"], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] }]],
  ),
  sample(
    "AveragePool",
    [2, 4, 4],
    [["AveragePool", ["x"], ["y"], { kernel_shape: [2, 2], strides: [2, 2] }]],
  ),
  sample("GlobalAveragePool", [2, 4, 4], [["GlobalAveragePool", ["x"], ["y"]]]),
  sample("ReduceMean", [3, 4], [["ReduceMean", ["x"], ["y"], { axes: [-1], keepdims: 0 }]]),
  sample("ReduceMean, axes as input", [3, 4], [["ReduceMean", ["x", "a"], ["y"]]], {
    opset: 18,
    initializers: { a: { ints: [1] } },
  }),
  sample("ReduceSum", [3, 4], [["ReduceSum", ["x", "a"], ["y"]]], { initializers: { a: { ints: [2] } } }),
  sample(
    "BatchNormalization",
    [3, 2, 2],
    [["BatchNormalization", ["x", "s", "b", "m", "v"], ["y"], { epsilon: { float: 0.01 } }]],
    {
      initializers: { s: { shape: [3] }, b: { shape: [3] }, m: { shape: [3] }, v: { shape: [3] } },
      trained: ["s", "b"],
    },
  ),
  sample("LayerNormalization", [3, 4], [["LayerNormalization", ["x", "s", "b"], ["y"]]], {
    initializers: { s: { shape: [4] }, b: { shape: [4] } },
    trained: ["s", "b"],
  }),
  sample(
    "Reshape by the input's own shape",
    [3, 4],
    [
      ["Shape", ["x"], ["dims"]],
      ["Gather", ["dims", "zero"], ["n"]],
      ["Unsqueeze", ["n", "axis"], ["n1"]],
      ["Cast", ["n1"], ["n2"], { to: 7 }],
      ["Concat", ["n2", "rest"], ["to"], { axis: 0 }],
      ["Reshape", ["x", "to"], ["y"]],
    ],
    { initializers: { zero: { ints: [0], scalar: true }, axis: { ints: [0] }, rest: { ints: [2, -1] } } },
  ),
  sample(
    "Flatten, Squeeze",
    [3, 1, 4],
    [
      ["Squeeze", ["x", "two"], ["s"]],
      ["Flatten", ["s"], ["y"]],
    ],
    {
      initializers: { two: { ints: [2] } },
    },
  ),
  sample(
    "Slice, Split, Concat",
    [6, 2],
    [
      ["Slice", ["x", "from", "to", "axes"], ["cut"]],
      ["Split", ["cut", "sizes"], ["a", "b"], { axis: 1 }],
      ["Concat", ["b", "a", "x"], ["y"], { axis: 1 }],
    ],
    {
      initializers: { from: { ints: [1] }, to: { ints: [-1] }, axes: { ints: [1] }, sizes: { ints: [1, 3] } },
    },
  ),
  sample("Gather one position", [3, 4], [["Gather", ["x", "first"], ["y"], { axis: 1 }]], {
    initializers: { first: { ints: [-1], scalar: true } },
  }),
  sample(
    "Gather rows of a table",
    [3],
    [
      ["Cast", ["x"], ["i"], { to: 7 }],
      ["Gather", ["table", "i"], ["y"]],
    ],
    {
      initializers: { table: { shape: [5, 2] } },
      trained: ["table"],
    },
  ),
  sample("Pad", [2, 3], [["Pad", ["x", "by"], ["y"]]], {
    initializers: { by: { ints: [0, 1, 0, 0, 0, 2] } },
  }),
  sample(
    "Expand, ConstantOfShape",
    [1, 4],
    [
      ["ConstantOfShape", ["dims"], ["zeros"]],
      ["Expand", ["x", "to"], ["wide"]],
      ["Add", ["wide", "zeros"], ["y"]],
    ],
    { initializers: { dims: { ints: [3, 4] }, to: { ints: [1, 3, 4] } } },
  ),
  sample(
    "Constant, exported for two examples",
    [4],
    [
      ["Constant", [], ["c"], { value_float: { float: 1.5 } }],
      ["Mul", ["x", "c"], ["m"]],
      ["Reshape", ["m", "to"], ["y"]],
    ],
    { initializers: { to: { ints: [3, 2, 2] } }, batch: 3 },
  ),
  sample(
    "one starting value under two names",
    [4],
    [
      ["Identity", ["w"], ["w2"]],
      ["MatMul", ["x", "w"], ["a"]],
      ["Tanh", ["a"], ["t"]],
      ["MatMul", ["t", "w2"], ["y"]],
    ],
    { initializers: { w: { shape: [4, 4] } }, trained: ["w", "w2"] },
  ),
  ...["Abs", "Elu", "Celu", "Selu", "HardSigmoid", "HardSwish"].map((op) => unary(op)),
  unary("Elu", { alpha: { float: 0.3 } }),
  unary("HardSigmoid", { alpha: { float: 0.3 }, beta: { float: 0.4 } }),
  sample("PRelu", [3, 4], [["PRelu", ["x", "a"], ["y"]]], {
    initializers: { a: { shape: [3, 1] } },
    trained: ["a"],
  }),
  sample(
    "Clip from below, from above",
    [4],
    [
      ["Clip", ["x", "lo"], ["a"]],
      ["Clip", ["a", "", "hi"], ["y"]],
    ],
    {
      initializers: { lo: { floats: [-0.3], shape: [] }, hi: { floats: [0.4], shape: [] } },
    },
  ),
  sample(
    "Gemm with alpha, beta and transA",
    [4],
    [
      ["Transpose", ["x"], ["t"]],
      ["Gemm", ["t", "w", "b"], ["y"], { transA: 1, alpha: { float: 0.5 }, beta: { float: 2 } }],
    ],
    { initializers: { w: { shape: [4, 3] }, b: { shape: [3] } }, trained: ["w", "b"] },
  ),
  sample("MatMul with the weight on the left", [3, 4], [["MatMul", ["w", "x"], ["y"]]], {
    initializers: { w: { shape: [2, 3] } },
    trained: ["w"],
  }),
  sample(
    "MatMul, stacks broadcast",
    [2, 3, 4],
    [
      ["Transpose", ["x"], ["t"], { perm: [0, 1, 3, 2] }],
      ["ReduceMean", ["t"], ["m"], { axes: [1] }],
      ["MatMul", ["x", "m"], ["y"]],
    ],
  ),
  sample(
    "Conv in one dimension, dilated",
    [2, 9],
    [["Conv", ["x", "w", "b"], ["y"], { kernel_shape: [3], pads: [1, 2], strides: [2], dilations: [2] }]],
    {
      initializers: { w: { shape: [3, 2, 3] }, b: { shape: [3] } },
      trained: ["w", "b"],
    },
  ),
  sample(
    "Conv with a window that is not square",
    [2, 4, 5],
    [["Conv", ["x", "w"], ["y"], { kernel_shape: [1, 3], pads: [0, 1, 0, 0], strides: [1, 2] }]],
    {
      initializers: { w: { shape: [3, 2, 1, 3] } },
      trained: ["w"],
    },
  ),
  sample("InstanceNormalization", [3, 2, 3], [["InstanceNormalization", ["x", "s", "b"], ["y"]]], {
    initializers: { s: { shape: [3] }, b: { shape: [3] } },
    trained: ["s", "b"],
  }),
  sample(
    "GroupNormalization, one scale a channel",
    [4, 2, 2],
    [["GroupNormalization", ["x", "s", "b"], ["y"], { num_groups: 2 }]],
    {
      opset: 21,
      initializers: { s: { shape: [4] }, b: { shape: [4] } },
      trained: ["s", "b"],
    },
  ),
  sample(
    "Shape from and to",
    [3, 4],
    [
      ["Shape", ["x"], ["n"], { start: 0, end: 1 }],
      ["Concat", ["n", "k"], ["to"], { axis: 0 }],
      ["Reshape", ["x", "to"], ["y"]],
    ],
    {
      opset: 18,
      initializers: { k: { ints: [-1] } },
    },
  ),
  sample(
    "Constant of several numbers",
    [2],
    [
      ["Constant", [], ["c"], { value_floats: { floats: [2, -3] } }],
      ["Mul", ["x", "c"], ["y"]],
    ],
  ),
  sample(
    "Constant of whole numbers",
    [4],
    [
      ["Constant", [], ["to"], { value_ints: [-1, 2, 2] }],
      ["Reshape", ["x", "to"], ["y"]],
    ],
  ),
  sample(
    "ReduceSum of no axes that does nothing",
    [4],
    [["ReduceSum", ["x"], ["y"], { noop_with_empty_axes: 1 }]],
  ),
  sample(
    "a class token laid over the examples",
    [3, 4],
    [
      ["Shape", ["x"], ["dims"]],
      ["Slice", ["dims", "zero", "one"], ["n"]],
      ["Concat", ["n", "ones", "minus"], ["wanted"], { axis: 0 }],
      ["Equal", ["wanted", "minusOne"], ["open"]],
      ["Where", ["open", "oneOne", "wanted"], ["to"]],
      ["Expand", ["token", "to"], ["tokens"]],
      ["Concat", ["tokens", "x"], ["y"], { axis: 1 }],
    ],
    {
      initializers: {
        token: { shape: [1, 1, 4] },
        zero: { ints: [0] },
        one: { ints: [1] },
        ones: { ints: [1] },
        minus: { ints: [4] },
        minusOne: { ints: [-1] },
        oneOne: { ints: [1] },
      },
      trained: ["token"],
    },
  ),
  sample(
    "Range",
    [4],
    [
      ["Range", ["a", "b", "c"], ["r"]],
      ["Mul", ["x", "r"], ["y"]],
    ],
    {
      initializers: {
        a: { floats: [1], shape: [] },
        b: { floats: [9], shape: [] },
        c: { floats: [2], shape: [] },
      },
    },
  ),
  sample(
    "one weight in two layers",
    [4],
    [
      ["MatMul", ["x", "w"], ["a"]],
      ["Tanh", ["a"], ["t"]],
      ["Gemm", ["t", "w", "b"], ["y"], { transB: 1 }],
    ],
    {
      initializers: { w: { shape: [4, 4] }, b: { shape: [4] } },
      trained: ["w", "b"],
    },
  ),
  sample(
    "one weight over positions and one bias twice",
    [3, 4],
    [
      ["MatMul", ["x", "w"], ["a"]],
      ["Add", ["a", "b"], ["c"]],
      ["Tanh", ["c"], ["t"]],
      ["MatMul", ["t", "w"], ["d"]],
      ["Add", ["d", "b"], ["y"]],
    ],
    {
      initializers: { w: { shape: [4, 4] }, b: { shape: [4] } },
      trained: ["w", "b"],
    },
  ),
  sample(
    "a table that is the last layer too",
    [3],
    [
      ["Cast", ["x"], ["i"], { to: 7 }],
      ["Gather", ["table", "i"], ["e"]],
      ["Transpose", ["table"], ["t"]],
      ["MatMul", ["e", "t"], ["y"]],
    ],
    {
      initializers: { table: { shape: [5, 2] } },
      trained: ["table"],
    },
  ),
  sample(
    "positions flattened into the examples and back",
    [2, 4],
    [
      ["Transpose", ["x"], ["s"], { perm: [1, 0, 2] }],
      ["Reshape", ["s", "to"], ["a"]],
      ["Gemm", ["a", "w", "b"], ["z"]],
      ["Tanh", ["z"], ["t"]],
      ["Add", ["t", "c"], ["u"]],
      ["Reshape", ["u", "back"], ["v"]],
      ["Transpose", ["v"], ["y"], { perm: [1, 0, 2] }],
    ],
    {
      initializers: {
        w: { shape: [4, 3] },
        b: { shape: [3] },
        c: { shape: [3] },
        to: { ints: [-1, 4] },
        back: { ints: [2, -1, 3] },
      },
      trained: ["w", "b", "c"],
    },
  ),
];
