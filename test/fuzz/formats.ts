// Formats that come from anywhere: a good sample of each, and the door that decodes it.
import { parseCsv } from "../../src/data/csvTable";
import { parseIdx } from "../../src/data/idx";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { decodeSafetensors, encodeSafetensors } from "../../src/protocol/safetensors";
import { decodeLine } from "../../src/record/decodeEvent";
import { decodeRunInfo } from "../../src/record/decodeRunInfo";
import { decodeVerdict } from "../../src/record/decodeVerdict";
import { decodeFromPanel } from "../../src/record/panelMessages";
import { RunSeries } from "../../src/record/runSeries";
import { decodeMetadata } from "../../src/trainers/basin/checkpointMetadata";

export interface Format {
  readonly name: string;
  readonly samples: readonly Buffer[];
  readonly decode: (bytes: Buffer) => unknown;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** What cannot be parsed is told of by whoever reads the file. */
function parsed(bytes: Buffer, decode: (value: unknown) => unknown): unknown {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
  return decode(value);
}

const experiment = {
  name: "fuzz",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12 },
  model: { kind: "mlp", hidden: [4, 3], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: [0.05, 0.1], batchSize: 3, momentum: 0.5 },
  stop: { steps: 40 },
  probes: { sharpness: { every: 5, top: 2 } },
  memory: "2 GB",
};
const resolved = { ...experiment, optimizer: { ...experiment.optimizer, learningRate: 0.05 } };
const word = [1, 2, 3, 4];
const tensors: [string, { shape: number[]; data: Float32Array }][] = [
  ["0.weight", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["0.bias", { shape: [2], data: Float32Array.of(1, 2) }],
];

/** What a run.json lacks is a plain Error, which its reader shows as the run's damage; anything else is a mistake of ours. */
function shownAsDamage(value: unknown): unknown {
  try {
    return decodeRunInfo(value);
  } catch (error) {
    if ((error as Error).constructor === Error) return null;
    throw error;
  }
}

export const formats: readonly Format[] = [
  {
    name: "experiment",
    samples: [json(experiment)],
    decode: (bytes) => checkExperiment(bytes.toString("utf8"), "fuzz.basin.json", {}),
  },
  {
    name: "events",
    samples: [
      json({
        kind: "header",
        schema: 1,
        id: "a",
        name: "a",
        parameters: 3,
        probes: ["noise"],
        layers: ["0"],
      }),
      json({ kind: "metrics", step: 3, time: 1, values: { sharpness: 2, "hessian.eigenvalues": [2, 1] } }),
      json({
        kind: "metrics",
        step: 4,
        time: 1,
        values: { "loss.train": 1 },
        earlier: { steps: [1, 2, 3], times: [0, 1], values: { "loss.train": [3, 2, "NaN"] } },
      }),
      json({ kind: "end", step: 4, time: 2, reason: "steps" }),
    ],
    decode: (bytes) => {
      const event = decodeLine(bytes.toString("utf8"));
      const series = new RunSeries();
      if (typeof event !== "string") series.add(event);
      return series.step;
    },
  },
  {
    name: "run",
    samples: [
      json({
        schema: 1,
        id: "a",
        experiment: resolved,
        file: "/a",
        overrides: {},
        resumed: [],
        handle: null,
      }),
    ],
    decode: (bytes) => parsed(bytes, shownAsDamage),
  },
  {
    name: "verdict",
    samples: [json({ verdict: "stable", step: 3, readings: [], limits: {}, evidence: ["a"], minimum: {} })],
    decode: (bytes) => parsed(bytes, decodeVerdict),
  },
  {
    name: "panel messages",
    samples: [json({ kind: "select", run: "/a" }), json({ kind: "addProbe", run: "/a", probe: "noise" })],
    decode: (bytes) => parsed(bytes, decodeFromPanel),
  },
  {
    name: "checkpoint",
    samples: [
      json({
        step: 4,
        since: 0,
        time: 1,
        initialLoss: 2,
        sampler: { epoch: word, taken: 1 },
        limits: { mean: 1 },
        readings: [{ kind: "metrics", step: 4, time: 1, values: { sharpness: 1 } }],
        generators: { noise: word },
      }),
    ],
    decode: (bytes) => decodeMetadata(bytes.toString("utf8"), "step-4.safetensors"),
  },
  {
    name: "safetensors",
    samples: [Buffer.from(encodeSafetensors(tensors, { a: "b" }))],
    decode: (bytes) => decodeSafetensors(bytes, "fuzz.safetensors"),
  },
  {
    name: "idx",
    samples: [Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4])],
    decode: (bytes) => parseIdx(bytes, "fuzz.idx"),
  },
  {
    name: "csv",
    samples: [Buffer.from('a,b,c\n1,2,"x"\n3,4,"y,z"\n')],
    decode: (bytes) => parseCsv(bytes, "fuzz.csv", { separator: ",", header: true }),
  },
];
