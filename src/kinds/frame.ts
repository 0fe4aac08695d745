// The keys of an experiment that belong to no kind: name and seed, when it stops, what is saved, where it runs.
import type { SchemaNode } from "../protocol/experimentSchema";
import { ref } from "../protocol/fragment";

/** In the order they are suggested; `ref`s to parts that kinds make up stand where a reader expects them. */
export const experimentKeys: Readonly<Record<string, SchemaNode>> = {
  $schema: { type: "string", description: "Only for editors; Basin ignores it.", doNotSuggest: true },
  extends: {
    type: "string",
    minLength: 1,
    markdownDescription:
      "Another experiment file, relative to this one, from which everything is taken that this one does not say. Objects are merged key by key; lists, values, and parts of another `kind` or `source` replace.",
    examples: ["base.basin.json"],
  },
  name: {
    type: "string",
    minLength: 1,
    maxLength: 100,
    description:
      "Name of the experiment, shown in the tree and part of every run id. Default: the file's name.",
  },
  seed: {
    type: "integer",
    minimum: 0,
    maximum: 9007199254740991,
    default: 0,
    description:
      "Seed of everything random: initial weights, mini-batches, synthetic data. Same seed, same run.",
  },
};

export const processKeys: Readonly<Record<string, SchemaNode>> = {
  trainer: ref("trainer"),
  settings: {
    type: "object",
    additionalProperties: {},
    markdownDescription:
      "With a `trainer`: the script's settings that are no part of `optimizer`. A sweep, `--set` and `${…}` in `args` name them; the script finds them in `BASIN_SETTINGS`.",
    examples: [{ width: 64 }],
  },
  stop: ref("stop"),
  probes: ref("probes"),
  checkpoints: ref("checkpoints"),
  sweep: ref("sweep"),
  engine: {
    enum: ["auto", "onnx", "wasm", "tensorflow", "webgpu", "cuda", "coreml", "directml"],
    enumDescriptions: [
      "Native ONNX Runtime where this platform has it, else its WebAssembly build.",
      "ONNX Runtime, native: the fastest engine.",
      "ONNX Runtime in WebAssembly: runs on every platform, several times slower, with the same results up to rounding.",
      "TensorFlow, native (`basin fetch tensorflow` builds it once).",
      "ONNX Runtime on a GPU through WebGPU. Opens only where its numbers meet the processor's.",
      "ONNX Runtime on an NVIDIA GPU through CUDA (Linux). Opens only where its numbers meet the processor's.",
      "ONNX Runtime on a Mac's GPU through CoreML. Opens only where its numbers meet the processor's.",
      "ONNX Runtime on a GPU through DirectML (Windows). Opens only where its numbers meet the processor's.",
    ],
    default: "auto",
    description:
      "What computes losses, gradients and Hessian products. `basin doctor` says which engines work here.",
  },
  memory: {
    title: 'a size such as "2GB" or "500MB"',
    type: "string",
    pattern: "^(?=[^KMG]*[1-9])(\\d{1,9}(\\.\\d{1,9})?|\\.\\d{1,9}) ?[KMG]B$",
    default: "4GB",
    description:
      'Budget for training and the values of one pass over the examples, such as "2GB". More examples than fit are processed in chunks: slower, with the same results up to rounding. A model whose parameters alone need more is refused.',
    examples: ["2GB", "500MB"],
  },
  threads: {
    type: "integer",
    minimum: 1,
    maximum: 1024,
    description:
      "Threads inside one operation of the native engines; WebAssembly has one. Default: all cores but one where there are more than two. Sums are split over them: another number rounds differently.",
    examples: [2],
  },
  subsample: {
    type: "integer",
    minimum: 16,
    maximum: 10000000,
    markdownDescription:
      "How many of the training examples readings of curvature, noise and their limits are taken on, where there are more: drawn once from the seed. Every such reading is then an estimate whose error bar holds what another sample would change; training, losses and the norm of the gradient are of all examples. Default: all.",
    examples: [2000],
  },
  closing: ref("closing"),
  launch: ref("launch"),
};

export const frameDefinitions: Readonly<Record<string, SchemaNode>> = {
  trainer: {
    title: 'a script such as { "python": "train.py" }',
    type: "object",
    additionalProperties: false,
    required: ["python"],
    markdownDescription:
      "A Python script of your own that trains, in place of Basin's trainer, and calls `basin.watch`. What it trains on, the model, the loss and when it stops are its own affair.",
    properties: {
      python: {
        type: "string",
        minLength: 1,
        description: "The script, a path relative to this file.",
        examples: ["train.py"],
      },
      args: {
        type: "array",
        items: { type: "string" },
        markdownDescription:
          "What follows the script's name on its command line. `${optimizer.learningRate}` stands for the value of that key.",
        examples: [["--lr", "${optimizer.learningRate}"]],
      },
      interpreter: {
        type: "string",
        minLength: 1,
        markdownDescription:
          "The Python that runs it. Default: the one in `.basin/local.json`, the setting `basin.python`, the active environment, the nearest `.venv`, `python3`.",
        examples: [".venv/bin/python"],
      },
    },
    defaultSnippets: [
      {
        label: "script with its learning rate and batch size",
        body: {
          python: "${1:train.py}",
          // With a ^ in front the text is taken as it is, with the dollar escaped.
          args: ["--lr", '^"\\${optimizer.learningRate}"', "--batch-size", '^"\\${optimizer.batchSize}"'],
        },
      },
    ],
  },
  closing: {
    title: '"full" or a budget such as { "seconds": 20 }',
    anyOf: [
      { const: "full" },
      {
        type: "object",
        additionalProperties: false,
        required: ["seconds"],
        properties: {
          seconds: {
            type: "number",
            minimum: 0,
            maximum: 1000000,
            description:
              "Seconds at most; what does not fit is left out or cut short, and the verdict says so.",
          },
        },
      },
    ],
    description:
      'What the measurement at the last point, on which the verdict rests, may take: "full" for every reading as exact as asked, or a budget. Without it a run takes 20 seconds at most, and `basin measure` what it needs.',
    examples: [{ seconds: 20 }, "full"],
  },
  path: { type: "string", minLength: 1, description: "A path relative to this file." },
  stop: {
    type: "object",
    minProperties: 1,
    additionalProperties: false,
    default: { steps: 10000 },
    description: "When the run ends: at the first condition that holds.",
    properties: {
      steps: {
        type: "integer",
        minimum: 1,
        maximum: 1000000000000,
        description: "Number of steps. Default: 10000, or no limit when minutes are given.",
      },
      trainLoss: {
        type: "number",
        minimum: 0,
        description: "Stop once the loss over the whole training set is at most this.",
      },
      minutes: {
        type: "number",
        exclusiveMinimum: 0,
        maximum: 1000000,
        description: "Stop after this many minutes of training.",
      },
    },
  },
  every: { type: "integer", minimum: 1, description: "Steps from one reading to the next." },
  tolerance: { type: "number", exclusiveMinimum: 0, maximum: 0.5, description: "Relative accuracy." },
  checkpoints: {
    type: "object",
    additionalProperties: false,
    default: {},
    description: "Saved states, from which a run resumes bit-exactly.",
    properties: {
      every: {
        type: "integer",
        minimum: 1,
        description:
          "Steps from one checkpoint to the next. Default: 500, and as a run grows long the largest 500 · 2^k within a 64th of its steps so far, so that they never pile up.",
      },
    },
  },
  sweep: {
    type: "object",
    markdownDescription:
      "Key path → list of values. Every combination is one run, the last key varying fastest.",
    properties: {
      "optimizer.learningRate": {
        type: "array",
        minItems: 1,
        items: ref("learningRate"),
        description: "Learning rates to try.",
      },
      "optimizer.batchSize": {
        type: "array",
        minItems: 1,
        items: ref("batchSize"),
        description: "Batch sizes to try.",
      },
      "optimizer.momentum": {
        type: "array",
        minItems: 1,
        items: ref("momentum"),
        description: "Momenta to try.",
      },
      seed: {
        type: "array",
        minItems: 1,
        items: { type: "integer", minimum: 0 },
        description: "Seeds to try.",
      },
    },
    additionalProperties: { type: "array", minItems: 1 },
    defaultSnippets: [
      {
        label: "learning rate × batch size",
        body: { "optimizer.learningRate": [0.1, 0.5, 1], "optimizer.batchSize": [4, 16, "full"] },
      },
    ],
  },
  launch: {
    type: "object",
    additionalProperties: false,
    default: {},
    description: "Where the run's process starts.",
    properties: {
      on: {
        enum: ["local", "slurm"],
        enumDescriptions: [
          "A process of its own on this machine.",
          "A job of the cluster whose login node this is; a sweep becomes a job array.",
        ],
        default: "local",
        description: "Where to run.",
      },
      concurrency: {
        type: "integer",
        minimum: 1,
        maximum: 1000,
        default: 1,
        description: "Runs of a sweep that train at the same time.",
      },
      slurm: ref("slurm"),
    },
  },
  slurm: {
    title: 'what a job asks of Slurm, such as { "partition": "gpu", "time": "2:00:00" }',
    type: "object",
    additionalProperties: false,
    markdownDescription:
      "What a job asks of Slurm, where `launch.on` is `slurm`. What belongs to one cluster stands best in `.basin/local.json`.",
    properties: {
      partition: {
        type: "string",
        pattern: "^[^\\s,]+(,[^\\s,]+)*$",
        description: "The partition, or several with commas between. Default: the cluster's own.",
        examples: ["gpu"],
      },
      time: {
        type: "string",
        pattern: "^\\d+(:\\d+){0,2}$|^\\d+-\\d+(:\\d+){0,2}$",
        markdownDescription:
          "Longest time of one stretch, `hours:minutes:seconds`, `days-hours` or minutes. A run that needs longer goes on in another (`requeues`).",
        examples: ["2:00:00", "1-00"],
      },
      cpus: { type: "integer", minimum: 1, maximum: 100000, description: "Processors." },
      gpus: { type: "integer", minimum: 1, maximum: 1000, description: "GPUs of each node." },
      memory: {
        type: "string",
        pattern: "^(0*[1-9]\\d{0,6}(\\.\\d{1,3})?|0?\\.\\d{1,3}) ?[KMG]B$",
        description: "Memory of each node.",
        examples: ["16GB"],
      },
      nodes: {
        type: "integer",
        minimum: 1,
        maximum: 100000,
        markdownDescription:
          "Nodes of one run. More than one, or more than one GPU, starts the Python script by `torchrun` on all of them; Basin's own trainer needs one node.",
      },
      args: {
        type: "array",
        items: { type: "string", pattern: "^-[^\\n\\r]+$" },
        markdownDescription: "Further options of `sbatch`, a word each; they come last and win.",
        examples: [["--account=x", "--qos=long"]],
      },
      setup: {
        type: "array",
        items: { type: "string", pattern: "^[^\\n\\r]*$" },
        markdownDescription: "Lines of shell before the run starts on its node.",
        examples: [["module load cuda"]],
      },
      warning: {
        type: "integer",
        minimum: 10,
        maximum: 86400,
        markdownDescription:
          "Seconds before the time limit at which the run writes a checkpoint and leaves its place. Slurm may warn up to a minute earlier. Default: 90.",
      },
      requeues: {
        type: "integer",
        minimum: 0,
        maximum: 10000,
        markdownDescription:
          "How often one run may go on in a new stretch, after its time limit or where it was preempted. Default: 20.",
      },
    },
  },
};

export const experimentSnippets = [
  {
    label: "Basin experiment",
    description: "A small experiment on synthetic data, ready to run",
    body: {
      name: "${1:experiment}",
      seed: 0,
      data: { source: "chebyshev", degree: 4, examples: 20 },
      model: { kind: "mlp", hidden: [50, 50], activation: "tanh" },
      loss: "mse",
      optimizer: { kind: "sgd", learningRate: "^${2:0.1}", batchSize: "full" },
      stop: { steps: 2000 },
    },
  },
];
