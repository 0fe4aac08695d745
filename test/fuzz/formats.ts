// Formats that come from anywhere: good samples of each, and the door that decodes it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadDataset } from "../../src/data";
import { readBatches } from "../../src/data/cifar";
import { parseCsv } from "../../src/data/csvTable";
import { parseIdx } from "../../src/data/idx";
import { parseNpy } from "../../src/data/npy";
import { buildModel } from "../../src/models";
import { importOnnx } from "../../src/models/onnx";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { decodeSafetensors, encodeSafetensors } from "../../src/protocol/safetensors";
import { decodeLine } from "../../src/record/decodeEvent";
import { decodeRunInfo } from "../../src/record/decodeRunInfo";
import { handleOf, holderOf, lifeOf } from "../../src/record/disk/processes";
import { readRun } from "../../src/record/disk/catalog";
import { indexName, loadIndex, saveIndex } from "../../src/record/disk/seriesIndex";
import { EventTail } from "../../src/record/disk/tail";
import { SeriesSender, receive } from "../../src/record/transfer";
import { readInfo } from "../../src/run/runInfo";
import { decodeVerdict } from "../../src/record/decodeVerdict";
import { decodeFromPanel } from "../../src/record/panelMessages";
import { RunSeries } from "../../src/record/runSeries";
import { loadCheckpoint, saveCheckpoint } from "../../src/trainers/basin/checkpoint";
import { checksumOf, decodeMetadata } from "../../src/trainers/basin/checkpointMetadata";
import { verdictKinds } from "../../src/types/verdict";
import { fixtureRun } from "../fixtures/writeRun";
import { cifarFile, f4, i8, zipFile } from "../unit/data/files";
import { onnxBytes } from "../unit/models/onnxBytes";
import { onnxSamples } from "../unit/models/onnxSamples";

export interface Format {
  readonly name: string;
  readonly samples: readonly Buffer[];
  /** May be a promise. */
  readonly decode: (bytes: Buffer) => unknown;
}

/** Where formats that are read from a folder are put; goes with the process. */
const place = mkdtempSync(join(tmpdir(), "basin-fuzz-"));
process.on("exit", () => rmSync(place, { recursive: true, force: true }));
process.on("exit", () => rmSync(place, { recursive: true, force: true }));
const put = (bytes: Uint8Array, ...path: readonly string[]): string => {
  const file = join(place, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, bytes);
  return file;
};

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

const edge = fixtureRun("edge", { steps: 50 });
/** Plain, resumed, of a sweep, a branch, diverged. */
const runs = [
  { schema: 1, id: "a", experiment: resolved, file: "/a", overrides: {}, resumed: [], handle: null },
  { ...edge.info, resumed: [{ at: "2026-02-14T10:00:00.000Z", step: 400 }], trained: ["0.weight [3, 2]"] },
  { ...edge.info, sweep: { id: "s", index: 1, of: 3 }, overrides: { "optimizer.learningRate": 0.1 } },
  {
    ...edge.info,
    branchedFrom: { run: "a", step: 20, folder: "/runs/a" },
    git: { commit: "f00d", dirty: true },
  },
];
const folderLog = Buffer.from(edge.events.map((event) => `${JSON.stringify(event)}\n`).join(""));
const bracket = { lower: 0.1, upper: 0.2, exact: false, rank: 3, fullRank: 24, lastChange: 0.01 };
/** Every kind, with everything a verdict may hold. */
const verdicts = verdictKinds.map((verdict) => ({
  ...fixtureRun("unstable", { steps: 50 }).verdict!,
  verdict,
  limits: { mean: 0.3, variance: bracket, binding: "variance" },
  map: [{ batchSize: 1, largestStableLearningRate: 0.1 }],
  chain: [{ id: "smoothness", formula: "a ≤ b", left: 1, right: 2, holds: true, notApplicable: null }],
  escapeTime: 12,
  metrics: { sharpness: 3 },
}));

const net = (() => {
  const model = buildModel({ kind: "mlp", hidden: [3], activation: "tanh", bias: true }, [2], 1);
  const d = model.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  return { model, d };
})();
const wholeCheckpoint = (() => {
  const values = Float32Array.from({ length: net.d }, (_, i) => i / 10);
  mkdirSync(join(place, "made"));
  const file = saveCheckpoint(join(place, "made"), net.model, {
    step: 4,
    time: 1,
    initialLoss: 2,
    loss: 1,
    theta: values,
    buffers: new Map(),
    slots: new Map([["velocity", values]]),
    since: 0,
    sampler: { epoch: [1, 2, 3, 4], taken: 1 },
    memories: new Map([["noise", { rng: [1, 2, 3, 4], tensors: new Map([["kept.0", values]]) }]]),
    limits: {},
    course: new Map([["mean", values]]),
    readings: [],
  });
  return readFileSync(join(place, "made", file));
})();

const logIndex = await (async () => {
  const beat = `${JSON.stringify({ kind: "heartbeat", time: 1 })}\n`;
  const log = put(Buffer.concat([folderLog, Buffer.from(beat.repeat(40_000))]), "log", "events.jsonl");
  const [series, tail] = [new RunSeries(), new EventTail(log)];
  for (const event of tail.read().events) series.add(event);
  await saveIndex(log, series, tail.position);
  return readFileSync(join(place, "log", indexName));
})();
const brace = "{".charCodeAt(0);
/** A head begins behind the magic word and its own length, and ends before the columns, which begin at a multiple of eight. */
const headAt = logIndex.indexOf(brace);
const headOf = (index: Buffer): Buffer => index.subarray(headAt, headAt + index.readUInt32LE(headAt - 4));
const withHead = (head: Buffer): Buffer => {
  const columns = logIndex.subarray(8 * Math.ceil((headAt + headOf(logIndex).length) / 8));
  const before = Buffer.from(logIndex.subarray(0, headAt));
  before.writeUInt32LE(head.length, headAt - 4);
  const padding = Buffer.alloc((8 - ((headAt + head.length) % 8)) % 8);
  return Buffer.concat([before, head, padding, columns]);
};
const arrays = {
  "x_train.npy": f4([3, 2], [1, 2, 3, 4, 5, 6]),
  "y_train.npy": i8([3], [0, 1, 1]),
};

export const formats: readonly Format[] = [
  {
    name: "experiment",
    samples: [json(experiment), json({ ...experiment, sweep: { "optimizer.learningRate": [0.1, 0.2] } })],
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
    samples: runs.map(json),
    decode: (bytes) => parsed(bytes, shownAsDamage),
  },
  {
    name: "run that goes on",
    samples: runs.map(json),
    decode: (bytes) => {
      put(bytes, "run", "run.json");
      // What the schema says of a changed experiment takes most of the time: without it, what else a process takes from there.
      const { resumed, trained = [] } = readInfo(join(place, "run"), { checked: true });
      return [...resumed.map(({ step }) => step), ...trained];
    },
  },
  {
    name: "verdict",
    samples: verdicts.map(json),
    decode: (bytes) => parsed(bytes, decodeVerdict),
  },
  {
    name: "run folder",
    samples: [...runs, ...verdicts].map(json),
    decode: (bytes) => {
      const kind = bytes.includes("atMinimum") ? "verdict.json" : "run.json";
      put(json(runs[0]), "listed", "run.json");
      put(json({ verdict: "stable", step: 3 }), "listed", "verdict.json");
      put(folderLog, "listed", "events.jsonl");
      put(bytes, "listed", kind);
      return readRun(join(place, "listed"));
    },
  },
  {
    name: "claim",
    samples: [
      json({ pid: 12, started: "3", host: "somewhere", at: "2026-02-14T09:30:12.000Z", starting: true }),
      json({ pid: 12, started: "3", host: "here", at: "", exit: 130 }),
      json({ pid: 12, started: "", host: "h", at: "", handle: { on: "slurm", job: "17", task: 2 } }),
    ],
    decode: (bytes) => {
      put(bytes, "claimed", "processes", "1.json");
      const holder = holderOf(join(place, "claimed"))!;
      return [lifeOf(holder), handleOf(holder)];
    },
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
    name: "whole checkpoint",
    samples: [wholeCheckpoint],
    decode: (bytes) => loadCheckpoint(put(bytes, "step-4.safetensors"), net, ["velocity"]),
  },
  {
    name: "whole checkpoint, its checksum made right",
    samples: [wholeCheckpoint],
    decode: (bytes) => {
      const { tensors, metadata } = decodeSafetensors(bytes, "fuzz.safetensors");
      const { basin = "" } = metadata;
      const own = encodeSafetensors(tensors, { basin, sha256: checksumOf(basin, tensors) });
      return loadCheckpoint(put(own, "step-4.safetensors"), net, ["velocity"]);
    },
  },
  {
    name: "log index",
    samples: [logIndex, headOf(logIndex)],
    decode: (bytes) => {
      // Damage to the head alone, whose length is made right: what stands in it is met.
      put(bytes[0] === brace ? withHead(bytes) : bytes, "log", indexName);
      const index = loadIndex(join(place, "log", "events.jsonl"));
      if (!index) return null;
      // What the panel makes of it.
      const shown = new RunSeries();
      const sender = new SeriesSender(index.series, index.picture);
      for (let delta = sender.next(); delta; delta = sender.next()) receive(shown, delta);
      return shown;
    },
  },
  {
    name: "npz",
    samples: ([0, 8] as const).map((method) => Buffer.from(zipFile(arrays, { method }))),
    decode: (bytes) =>
      loadDataset(
        { source: "npz", file: "fuzz.npz", scale: "none" },
        { readBytes: () => Promise.resolve(bytes), seed: 0 },
      ),
  },
  {
    name: "npy",
    samples: Object.values(arrays).map((array) => Buffer.from(array)),
    decode: (bytes) => parseNpy(bytes, "fuzz.npz", "x_train"),
  },
  {
    name: "cifar",
    samples: [Buffer.from(cifarFile([3, 9]))],
    decode: (bytes) => readBatches({ files: ["fuzz.bin"] }, () => Promise.resolve(bytes)),
  },
  {
    name: "onnx",
    samples: onnxSamples.map((sample) => Buffer.from(onnxBytes(sample))),
    decode: (bytes) => importOnnx({ bytes, file: "fuzz.onnx" }, [3], 3, { train: ["*"] }),
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
