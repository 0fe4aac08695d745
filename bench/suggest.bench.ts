// `basin suggest` beside a grid of 12 learning rates a factor 1.5 apart and 3 seeds, on ten small experiments.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "../src/engines";
import { checkExperiment } from "../src/protocol/checkExperiment";
import { atRate, ProbingRun } from "../src/run/probingRun";
import { grid, suggestRate } from "../src/run/suggest";
import { Problem } from "../src/trainers/basin/problem";
import { Rng } from "../src/util/rng";
import { f4, i8, zipFile } from "../test/unit/data/files";
import { machine } from "./harness";

const factor = 1.5;
/** How near to the grid's best a suggestion must come: 10 %, or two deviations of its seeds. */
const [nearness, deviations] = [0.1, 2];

const momentum = { kind: "sgd", momentum: 0.9 } as const;
const cnn = { kind: "cnn", filters: [4, 4], hidden: [10] } as const;
const transformer = { kind: "transformer", vocabulary: 8, width: 8, depth: 1, heads: 2 } as const;
const teacher = { source: "teacher", inputs: 10, hidden: [10], examples: 256, testExamples: 0 } as const;
const spirals = { source: "spirals", classes: 3, examples: 300, testExamples: 0 } as const;
const images = { source: "npz", file: "images.npz" } as const;
const tokens = { source: "npz", file: "tokens.npz", scale: "none" } as const;

/** Experiments, and the smallest rate of each one's grid, whose best is not at its ends. */
const cases: readonly (readonly [name: string, least: number, experiment: Record<string, unknown>])[] = [
  [
    "MLP, chebyshev, gradient descent",
    0.02,
    {
      data: { source: "chebyshev", examples: 20 },
      model: { hidden: [30, 20], activation: "tanh" },
      optimizer: {},
    },
  ],
  [
    "MLP, teacher, SGD, B = 16",
    0.01,
    {
      data: teacher,
      model: { hidden: [40], activation: "relu" },
      optimizer: { batchSize: 16 },
    },
  ],
  [
    "MLP, spirals, momentum, B = 32",
    0.005,
    {
      data: spirals,
      model: { hidden: [30, 30], activation: "tanh" },
      loss: "cross-entropy",
      optimizer: { ...momentum, batchSize: 32 },
    },
  ],
  [
    "MLP, spirals, Adam, B = 32",
    0.001,
    {
      data: spirals,
      model: { hidden: [30, 30], activation: "gelu" },
      loss: "cross-entropy",
      optimizer: { kind: "adam", batchSize: 32 },
    },
  ],
  [
    "MLP of 4 layers, teacher, momentum, full",
    0.01,
    {
      data: teacher,
      model: { hidden: [30, 30, 30], activation: "relu" },
      optimizer: { ...momentum, batchSize: "full" },
    },
  ],
  [
    "CNN, images, SGD, B = 16",
    0.01,
    {
      data: images,
      model: cnn,
      loss: "cross-entropy",
      optimizer: { batchSize: 16 },
    },
  ],
  [
    "CNN, images, momentum, B = 16",
    0.002,
    {
      data: images,
      model: { ...cnn, activation: "tanh", pool: "avg" },
      loss: "mse",
      optimizer: { ...momentum, batchSize: 16 },
    },
  ],
  [
    "CNN, images, Adam, B = 16",
    0.0005,
    {
      data: images,
      model: cnn,
      loss: "cross-entropy",
      optimizer: { kind: "adam", batchSize: 16 },
    },
  ],
  [
    "transformer, tokens, Adam, B = 16",
    0.0005,
    {
      data: tokens,
      model: transformer,
      loss: "cross-entropy",
      optimizer: { kind: "adam", batchSize: 16 },
    },
  ],
  [
    "causal transformer, tokens, momentum, B = 16",
    0.005,
    {
      data: tokens,
      model: { ...transformer, causal: true },
      loss: "cross-entropy",
      optimizer: { ...momentum, batchSize: 16 },
    },
  ],
];
const steps = 600;

/** Gratings of four directions in noise, 8 by 8; and sequences of eight tokens, of which the one after the first 0 is the class. */
function writeData(folder: string): void {
  const rng = new Rng(0, "bench.suggest");
  const n = 256;
  const pixels: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < n; i++) {
    const label = rng.below(4);
    const phase = 2 * Math.PI * rng.uniform();
    const angle = (Math.PI * label) / 4;
    labels.push(label);
    for (let r = 0; r < 8; r++)
      for (let c = 0; c < 8; c++)
        pixels.push(Math.sin(r * Math.cos(angle) + c * Math.sin(angle) + phase) + 0.8 * rng.normal());
  }
  const words: number[] = [];
  const classes: number[] = [];
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: 8 }, () => 1 + rng.below(7));
    const at = rng.below(7);
    row[at] = 0;
    words.push(...row);
    classes.push(row[at + 1] - 1);
  }
  const images = { "x_train.npy": f4([n, 1, 8, 8], pixels), "y_train.npy": i8([n], labels) };
  const tokens = { "x_train.npy": f4([n, 8], words), "y_train.npy": i8([n], classes) };
  writeFileSync(join(folder, "images.npz"), zipFile(images));
  writeFileSync(join(folder, "tokens.npz"), zipFile(tokens));
}

/** Final training losses of a rate, a seed each: initial weights and batches differ, the data do not. Diverged: Infinity. */
async function finals(problem: Problem, rate: number, warmup: number | null): Promise<number[]> {
  const losses: number[] = [];
  for (let seed = 0; seed < grid.seeds; seed++) {
    const own = problem.withTraining({ optimizer: atRate(problem.experiment.optimizer, rate, warmup), seed });
    const run = await ProbingRun.open(own, { theta: await own.start() });
    await run.advance(steps);
    losses.push(await run.score());
  }
  return losses;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - 1));
}
const short = (x: number | null): string => (x === null ? "–" : String(Number(x.toPrecision(3))));

async function main(): Promise<void> {
  console.log(`\n${machine()}\n${steps} steps; final training loss, mean of ${grid.seeds} seeds`);
  console.log(
    "| experiment | grid's best rate | its loss ± deviation | suggested | its loss | cost / grid's | as good |",
  );
  console.log("|---|---|---|---|---|---|---|");
  const folder = mkdtempSync(join(tmpdir(), "basin-bench-"));
  writeData(folder);
  const file = join(folder, "a.basin.json");
  let met = 0;
  for (const [name, least, given] of cases) {
    const text = JSON.stringify({
      ...given,
      optimizer: { ...(given.optimizer as object), learningRate: least },
      stop: { steps },
    });
    const { problems, points } = checkExperiment(text, file);
    if (points.length === 0) throw new Error(JSON.stringify(problems));
    const problem = await Problem.load(points[0].experiment, file, await openEngine("auto", { threads: 1 }));
    const rates = Array.from({ length: grid.rates }, (_, i) => least * factor ** i);
    const table: number[][] = [];
    for (const rate of rates) table.push(await finals(problem, rate, null));
    const best = table.reduce((low, losses, i) => (mean(losses) < mean(table[low]) ? i : low), 0);
    const suggested = await suggestRate(problem, steps);
    const { learningRate, warmup, cost, gridCost } = suggested;
    const losses = learningRate === null ? [Infinity] : await finals(problem, learningRate, warmup);
    const bound =
      mean(table[best]) + Math.max(nearness * mean(table[best]), deviations * deviation(table[best]));
    const good = mean(losses) <= bound;
    if (good) met++;
    console.log(
      `| ${name} | ${short(rates[best])} | ${short(mean(table[best]))} ± ${short(deviation(table[best]))} | ${short(learningRate)}${warmup === null ? "" : ` after ${warmup} steps of warm-up`} | ${short(mean(losses))} | ${short(cost / gridCost)} | ${good ? "yes" : "**no**"} |`,
    );
  }
  console.log(
    `\n${met} of ${cases.length} as good as the grid's best: within 10 % of it, or two deviations of its seeds.`,
  );
}

void main();
