// What a new experiment can start as: small, runnable, and each showing one thing.

export interface Template {
  readonly label: string;
  readonly detail: string;
  readonly fileName: string;
  readonly text: string;
}

const text = (name: string, about: string, rest: string) => `{
  // ${about}
  "name": "${name}",
  "seed": 0,
${rest
  .trim()
  .split("\n")
  .map((line) => `  ${line}`)
  .join("\n")}
}
`;

export const templates: readonly Template[] = [
  {
    label: "First verdict",
    detail: "Gradient descent on twenty points: in ten seconds to its limit and a firm verdict",
    fileName: "first-verdict",
    text: text(
      "first-verdict",
      "Press ▶ Run: sharpness climbs until it meets its limit 2 / learningRate, and the verdict says whether that holds.",
      `
"data": { "source": "chebyshev", "degree": 5, "examples": 20, "testExamples": 200 },
"model": { "kind": "mlp", "hidden": [50, 50], "activation": "tanh" },
"loss": "mse",
"optimizer": { "kind": "sgd", "learningRate": 0.05, "batchSize": "full" },
"stop": { "steps": 12000 },
"probes": { "sharpness": { "every": 10, "top": 3 }, "noise": { "every": 500 }, "generalization": { "every": 100 } }`,
    ),
  },
  {
    label: "Edge of stability",
    detail: "Full-batch gradient descent: sharpness rises until it hovers at 2/η",
    fileName: "edge-of-stability",
    text: text(
      "edge-of-stability",
      "Watch sharpness rise until it meets its limit 2 / learningRate, and hover there.",
      `
"data": { "source": "chebyshev", "degree": 5, "examples": 20 },
"model": { "kind": "mlp", "hidden": [100, 100], "activation": "tanh" },
"loss": "mse",
"optimizer": { "kind": "sgd", "learningRate": 0.05, "batchSize": "full" },
"stop": { "steps": 5000, "trainLoss": 1e-4 },
"probes": { "sharpness": { "every": 10, "top": 2 }, "noise": { "every": 100 } }`,
    ),
  },
  {
    label: "Mini-batch noise",
    detail: "SGD with batches of 4 on spirals: non-uniformity limits the learning rate as well",
    fileName: "mini-batch-noise",
    text: text(
      "mini-batch-noise",
      "Small batches: a minimum must be uniform, not only flat, to hold SGD.",
      `
"data": { "source": "spirals", "classes": 2, "examples": 100, "testExamples": 200 },
"model": { "kind": "mlp", "hidden": [50, 50], "activation": "relu" },
"loss": "mse",
"optimizer": { "kind": "sgd", "learningRate": 0.1, "batchSize": 4 },
"stop": { "steps": 5000, "trainLoss": 1e-4 },
"probes": { "sharpness": { "every": 20 }, "noise": { "every": 100 }, "generalization": { "every": 100 } }`,
    ),
  },
  {
    label: "Images (IDX files)",
    detail: "Your MNIST or Fashion-MNIST files: a relu network on 1000 images",
    fileName: "images",
    text: text(
      "images",
      "Put the four IDX files (gzipped or not) where these paths say; paths start at this file.",
      `
"data": {
  "source": "idx",
  "train": { "images": "data/train-images-idx3-ubyte.gz", "labels": "data/train-labels-idx1-ubyte.gz", "take": 1000 },
  "test": { "images": "data/t10k-images-idx3-ubyte.gz", "labels": "data/t10k-labels-idx1-ubyte.gz", "take": 1000 },
  "scale": "unit"
},
"model": { "kind": "mlp", "hidden": [500, 500, 500], "activation": "relu" },
"loss": "mse",
"optimizer": { "kind": "sgd", "learningRate": 0.5, "batchSize": "full" },
"stop": { "steps": 6000, "trainLoss": 1e-4 },
"probes": { "sharpness": { "every": 20 }, "noise": { "every": 200 }, "generalization": { "every": 100 } }`,
    ),
  },
  {
    label: "Convolutional network on Fashion-MNIST",
    detail:
      "A public set by name (basin fetch fashion-mnist), batches of 32, the largest Hessian eigenvalue of each layer",
    fileName: "fashion-cnn",
    text: text(
      "fashion-cnn",
      "Get the images once with `basin fetch fashion-mnist`; mnist and cifar-10 work the same way.",
      `
"data": {
  "source": "fashion-mnist",
  "train": { "take": 300 },
  "test": { "take": 300 }
},
"model": { "kind": "cnn", "filters": [8, 16], "hidden": [32], "activation": "tanh" },
"loss": "cross-entropy",
"optimizer": { "kind": "sgd", "learningRate": 0.1, "batchSize": 32 },
"stop": { "steps": 800 },
"probes": { "sharpness": { "every": 100 }, "layers": { "every": 200 }, "generalization": { "every": 100 } }`,
    ),
  },
  {
    label: "Adam at its edge of stability",
    detail: "Full-batch Adam: the preconditioned sharpness rises until it hovers at 38/η",
    fileName: "adam",
    text: text(
      "adam",
      "Adam is judged by the sharpness in its own coordinates: it rises to (2 + 2 beta1) / ((1 - beta1) learningRate).",
      `
"data": { "source": "chebyshev", "degree": 5, "examples": 20 },
"model": { "kind": "mlp", "hidden": [50, 50], "activation": "tanh" },
"loss": "mse",
"optimizer": { "kind": "adam", "learningRate": 0.001, "batchSize": "full" },
"stop": { "steps": 4000 },
"probes": { "sharpness": { "every": 10 }, "manifold": { "every": 50 }, "generalization": { "every": 100 } }`,
    ),
  },
  {
    label: "Sweep over learning rates",
    detail: "Teacher-student regression at four learning rates, one run after the other",
    fileName: "learning-rates",
    text: text(
      "learning-rates",
      "One run per value of the sweep, one after another.",
      `
"data": { "source": "teacher", "inputs": 10, "outputs": 1, "hidden": [5], "examples": 50, "testExamples": 200 },
"model": { "kind": "mlp", "hidden": [50], "activation": "tanh" },
"loss": "mse",
"optimizer": { "kind": "sgd", "learningRate": 0.1, "batchSize": "full" },
"stop": { "steps": 2000, "trainLoss": 1e-4 },
"sweep": { "optimizer.learningRate": [0.05, 0.1, 0.2, 0.4] }`,
    ),
  },
];
