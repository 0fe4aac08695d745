// Teacher–student regression: Gaussian inputs labelled by a random network.
import { ref } from "../protocol/fragment";
import type { Activation } from "../protocol/experiment";
import { erf } from "../util/erf";
import { Rng } from "../util/rng";
import type { Split } from "./dataset";
import { defineSource } from "./source";

/** The activations in float64, written down apart from the graph's so that the teacher owes nothing to what it tests. */
const activations: Readonly<Record<Activation, (x: number) => number>> = {
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x))),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  silu: (x) => x / (1 + Math.exp(-x)),
  leakyRelu: (x) => (x > 0 ? x : 0.01 * x),
  hardtanh: (x) => Math.max(-1, Math.min(1, x)),
  hardswish: (x) => (x * Math.max(0, Math.min(6, x + 3))) / 6,
  linear: (x) => x,
};

/**
 * x ~ N(0, I), y = W_L φ(… φ(W₁x)) + noise on the training targets. W_l has entries N(0, 1/fan-in) and there are no biases,
 * so each layer keeps the scale of its input. Weights, training inputs, test inputs and noise have streams of their own:
 * more examples change neither the teacher nor the test set.
 */
export const teacher = defineSource({
  source: "teacher",
  spec: {
    about: "Synthetic regression: a random teacher network on Gaussian inputs.",
    description:
      "Regression of a random teacher network's outputs on standard Gaussian inputs; teacher and inputs come from the seed.",
    properties: {
      inputs: {
        type: "integer",
        minimum: 1,
        maximum: 100000,
        default: 10,
        description: "Number of inputs, D.",
      },
      outputs: {
        type: "integer",
        minimum: 1,
        maximum: 100000,
        default: 1,
        description: "Number of outputs, K.",
      },
      hidden: ref("hidden", {
        default: [10],
        description: "Widths of the teacher's hidden layers; [] is a linear teacher.",
      }),
      activation: ref("activation", { default: "tanh" }),
      examples: {
        type: "integer",
        minimum: 1,
        maximum: 10000000,
        default: 100,
        description: "Number of training examples, n.",
      },
      testExamples: ref("testExamples", { default: 100 }),
      noise: ref("noise", { default: 0 }),
    },
    examples: { key: "examples" },
    test: "testExamples",
    snippets: [
      {
        label: "teacher: teacher-student",
        body: { source: "teacher", inputs: "^${1:10}", hidden: ["^${2:10}"], examples: "^${3:100}" },
      },
    ],
    targets: "numbers",
    from: "teacher (made from seed {.seed})",
  },
  load({ inputs, outputs, hidden, activation, examples, testExamples, noise }, { seed }) {
    const stream = (part: string) => new Rng(seed, `data.teacher.${part}`);
    const widths = [inputs, ...hidden, outputs];
    const weightRng = stream("weights");
    const layers = widths.slice(1).map((width, l) => {
      const fanIn = widths[l];
      return Float64Array.from({ length: width * fanIn }, () => weightRng.normal() / Math.sqrt(fanIn));
    });
    const answer = (x: Float64Array): Float64Array =>
      layers.reduce((h, weights, l) => {
        const z = multiply(weights, h);
        return l < layers.length - 1 ? z.map(activations[activation]) : z;
      }, x);

    const split = (part: "train" | "test", n: number): Split => {
      const inputRng = stream(part);
      const noiseRng = stream("noise");
      const x = Float32Array.from({ length: n * inputs }, () => inputRng.normal());
      const y = new Float32Array(n * outputs);
      for (let i = 0; i < n; i++) {
        const target = answer(Float64Array.from(x.subarray(i * inputs, (i + 1) * inputs)));
        y.set(
          part === "train" && noise > 0 ? target.map((value) => value + noise * noiseRng.normal()) : target,
          i * outputs,
        );
      }
      return { n, x, y, labels: null };
    };
    return Promise.resolve({
      inputShape: [inputs],
      outputs,
      train: split("train", examples),
      test: testExamples > 0 ? split("test", testExamples) : null,
      target: answer,
    });
  },
});

/** W h for W [out, in] row-major. */
function multiply(weights: Float64Array, h: Float64Array): Float64Array {
  const result = new Float64Array(weights.length / h.length);
  for (let o = 0; o < result.length; o++) {
    for (let i = 0; i < h.length; i++) result[o] += weights[o * h.length + i] * h[i];
  }
  return result;
}
