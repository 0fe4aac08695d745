// Where the time of whole runs goes: start, first reading, closing verdict and peak memory of nets that people use, no budget.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LayerSpec } from "../src/protocol/experiment";
import { Rng } from "../src/util/rng";
import { exactLimit } from "./exactLimit";
import { alternate, machine, median, ms, openPeer, printRow, timed } from "./harness";
import { lenet, problemOf, threads } from "./problems";
import { warm } from "./warm";
import { watched, type Watched } from "./wholeRun";

const folder = mkdtempSync(join(tmpdir(), "basin-bench-"));
/** Seconds after which a run is ended. */
const patience = 300;

interface Case {
  readonly name: string;
  readonly aim: string;
  readonly experiment: Readonly<Record<string, unknown>>;
}

const conv = (filters: number, more = {}): LayerSpec => ({
  conv2d: { filters, kernel: 3, padding: 1, ...more },
});
const block = (width: number, stride: number): LayerSpec => ({
  residual: {
    layers: [
      conv(width, { stride, bias: false }),
      "batchNorm",
      "relu",
      conv(width, { bias: false }),
      "batchNorm",
    ],
    ...(stride > 1 && {
      shortcut: [{ conv2d: { filters: width, kernel: 1, stride, bias: false } }, "batchNorm"],
    }),
  },
});
/** He et al. 2016, §4.2, one block of each width. */
const resnet8: LayerSpec[] = [
  conv(16, { bias: false }),
  "batchNorm",
  "relu",
  block(16, 1),
  "relu",
  block(32, 2),
  "relu",
  block(64, 2),
  "relu",
  "globalAvgPool2d",
  "flatten",
  { dense: 10 },
];
const width = 64;
const encoder: LayerSpec[] = [
  { residual: ["layerNorm", { selfAttention: { heads: 4 } }] },
  { residual: ["layerNorm", { dense: 4 * width }, "gelu", { dense: width }] },
];

const oneStep = {
  optimizer: { learningRate: 0.01, batchSize: 32 },
  stop: { steps: 1 },
  closing: "full",
  threads,
};
const cifar = (take: number) => ({ source: "cifar", train: { files: ["images.bin"], take } });
const sequential = (layers: readonly LayerSpec[]) => ({ kind: "sequential", layers });

const closings: readonly Case[] = [
  {
    name: "wide net 3072-200-200-10, n = 1000",
    aim: "≤ 3 s",
    experiment: {
      data: { source: "teacher", inputs: 3072, outputs: 10, hidden: [10], examples: 1000, testExamples: 0 },
      model: { kind: "mlp", hidden: [200, 200], activation: "tanh" },
    },
  },
  {
    name: "CNN of 8 and 16 filters, 1000 images of 3 × 32 × 32",
    aim: "≤ 10 s",
    experiment: {
      data: cifar(1000),
      loss: "cross-entropy",
      model: sequential([
        conv(8),
        "tanh",
        { avgPool2d: 2 },
        conv(16),
        "tanh",
        { avgPool2d: 2 },
        "flatten",
        { dense: 10 },
      ]),
    },
  },
  {
    name: "transformer of 105 000 parameters, n = 1000, T = 32",
    aim: "≤ 60 s, ≤ 4 GB",
    experiment: {
      data: {
        source: "csv",
        train: { file: "tokens.csv" },
        targets: ["y"],
        task: "classification",
      },
      loss: "cross-entropy",
      model: sequential([
        { embedding: { vocabulary: 64, width } },
        "positions",
        ...encoder,
        ...encoder,
        "meanPool",
        { dense: 10 },
      ]),
    },
  },
];

/** Images and sequences of ten classes, each class around a pattern of its own. */
function writeData(): void {
  const rng = new Rng(0, "bench.data");
  const [n, pixels, length] = [1000, 3072, 32];
  const pattern = Float64Array.from({ length: 10 * pixels }, () => rng.normal());
  const images = new Uint8Array(n * (1 + pixels));
  const lines = [[...Array.from({ length }, (_, t) => `t${t}`), "y"].join()];
  for (let i = 0; i < n; i++) {
    const label = i % 10;
    images[i * (1 + pixels)] = label;
    for (let j = 0; j < pixels; j++)
      images[i * (1 + pixels) + 1 + j] = 128 + 20 * pattern[label * pixels + j] + 40 * rng.normal();
    const tokens = Array.from({ length }, () =>
      rng.uniform() < 0.3 ? 6 * label : Math.floor(64 * rng.uniform()),
    );
    lines.push([...tokens, label].join());
  }
  writeFileSync(join(folder, "images.bin"), images);
  writeFileSync(join(folder, "tokens.csv"), lines.join("\n"));
}

async function run(experiment: Case["experiment"]): Promise<Watched> {
  const file = join(folder, "bench.basin.json");
  writeFileSync(file, JSON.stringify(experiment));
  return watched(["run", file], patience);
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const spent = ({ busy, peak }: Watched): string =>
  `${busy.toFixed(1)} s of processor time, ${megabytes(peak)}`;
const row = (work: string, ours: string, aim: string): void =>
  printRow(work, { ours, theirs: "–", ratio: NaN }, aim, NaN);

/** How long each part of a closing measurement took, by the log: seconds and products. */
function partsOf({ events }: Watched): string {
  const end = events.find(({ probe }) => probe === "verdict");
  if (!end?.cost) return "";
  const rank = end.how?.["stability.varianceLimit"]?.method ?? "no mean-square limit";
  const left = events.filter(
    ({ kind, message }) => kind === "note" && message?.startsWith("Left out"),
  ).length;
  return `${end.cost.seconds.toFixed(1)} s, ${Math.round(end.cost.products)} products, ${rank}${left > 0 ? `, ${left} left out` : ""}`;
}

async function main(): Promise<void> {
  const wanted = new Set(
    (process.env.BASIN_BENCH ?? "closing,reading,start,beside,warm,product,limit").split(","),
  );
  console.log(`\n${threads} threads each\n${machine()}`);
  console.log("| work | Basin | peer | ratio | aim |\n|---|---|---|---|---|");
  writeData();
  if (wanted.has("closing"))
    for (const { name, aim, experiment } of closings) {
      const done = await run({ ...experiment, ...oneStep });
      const what = done.ended ? `unfinished after ${patience} s` : partsOf(done);
      row(`closing verdict, ${name}`, `${what}; ${spent(done)}`, aim);
    }
  if (wanted.has("reading")) {
    const experiment = {
      data: cifar(500),
      loss: "cross-entropy",
      model: sequential(resnet8),
      ...oneStep,
      closing: { seconds: 0 },
      probes: { sharpness: { every: 10, top: 1 } },
    };
    const done = await run(experiment);
    const reading = done.events.find(({ probe }) => probe === "sharpness");
    const { seconds = NaN, products = NaN } = reading?.cost ?? {};
    const what = done.ended
      ? `unfinished after ${patience} s`
      : `${seconds.toFixed(1)} s, ${products} products`;
    row("first reading of sharpness, ResNet-8, 500 images", `${what}; ${spent(done)}`, "≤ 10 s, ≤ 2 GB");
  }
  if (wanted.has("start")) {
    const times: number[] = [];
    for (let i = 0; i < 7; i++) {
      const { firstStep } = await run({
        data: { source: "chebyshev", examples: 20 },
        model: { kind: "mlp", hidden: [30, 20] },
        ...oneStep,
        optimizer: { learningRate: 0.01 },
        closing: { seconds: 0 },
      });
      times.push(firstStep);
    }
    row("start of a run to its first step, 1-30-20-1", ms(median(times)), "≤ 300 ms");
    const { peak } = await run({
      ...closings[0].experiment,
      optimizer: { learningRate: 0.01 },
      stop: { steps: 12 },
      probes: { sharpness: { every: 10 } },
    });
    row("peak memory of a run with its verdict, wide net", megabytes(peak), "≤ 350 MB");
  }
  if (wanted.has("beside")) {
    await beside(10, 600_000, "≤ 30 %");
    await beside(1, 60_000, "≤ 100 %");
  }
  if (wanted.has("warm")) await warm();
  if (wanted.has("product")) await product();
  if (wanted.has("limit")) console.log((await exactLimit()).row);
  rmSync(folder, { recursive: true });
}

/** What sharpness every so many steps costs a whole run of the command line: pairs with and without, on two threads and on one. */
async function beside(every: number, steps: number, aim: string): Promise<void> {
  const experiment = {
    data: { source: "chebyshev", examples: 20 },
    model: { kind: "mlp", hidden: [30, 20], activation: "tanh" },
    optimizer: { learningRate: 0.05 },
    stop: { steps },
    closing: { seconds: 0 },
    threads,
  };
  const probes = { sharpness: { every, top: 1 } };
  const trained = ({ events }: Watched): number => events.find(({ kind }) => kind === "end")?.time ?? NaN;
  const pairs: {
    readonly time: number;
    readonly busy: number;
    readonly alone: number;
    readonly one: number;
  }[] = [];
  for (let i = 0; i < 3; i++) {
    const without = await run({ ...experiment, probes: {} });
    const [two, one] = [
      await run({ ...experiment, probes }),
      await run({ ...experiment, probes, threads: 1 }),
    ];
    pairs.push({
      time: trained(two) / trained(without),
      one: trained(one) / trained(without),
      busy: two.busy / without.busy,
      alone: trained(without),
    });
  }
  const more = (of: (pair: (typeof pairs)[number]) => number): string =>
    `${(100 * (median(pairs.map(of)) - 1)).toFixed(0)} %`;
  const ours = `${more(({ time }) => time)} more time, ${more(({ busy }) => busy)} more of the processor; on one thread ${more(({ one }) => one)} more time`;
  const step = (1e6 * median(pairs.map(({ alone }) => alone))) / steps;
  row(
    `sharpness every ${every === 1 ? "step" : `${every} steps`}, whole runs, 1-30-20-1 (a step ${step.toFixed(1)} µs)`,
    ours,
    aim,
  );
}

async function product(): Promise<void> {
  const { curvature, normal } = await problemOf(lenet, [1, 28, 28], 1000, 10);
  const peer = await openPeer({ model: "lenet", n: 1000, threads });
  const hessian = curvature.hessian();
  const [v, hv] = [normal(curvature.size), new Float32Array(curvature.size)];
  const { ours, theirs, ratio } = await alternate(
    () => timed(() => hessian.apply(v, hv)),
    peer && (async () => (await peer.ask<{ seconds: number }>({ do: "hvp" })).seconds),
    15,
  );
  printRow("Hessian product, LeNet, n = 1000", { ours: ms(ours), theirs: ms(theirs), ratio }, "≤", 0.35);
  peer?.close();
}

void main();
