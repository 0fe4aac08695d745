// The experiments the scenarios run: real training, a few seconds each.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const base = {
  seed: 0,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 20 },
  model: { kind: "mlp", hidden: [20], activation: "tanh" },
  loss: "mse",
};
const probes = { sharpness: { every: 20, top: 2 }, noise: { every: 200 }, generalization: { every: 100 } };
const sgd = (learningRate: number) => ({ kind: "sgd", learningRate, batchSize: "full" });

export const experiments = {
  /** Ends by itself after a while: longer than a panel takes to appear. */
  steady: {
    ...base,
    optimizer: sgd(0.05),
    stop: { minutes: 0.2 },
    probes: { sharpness: { every: 1000, top: 2 }, noise: { every: 5000 }, generalization: { every: 5000 } },
    checkpoints: { every: 50_000 },
  },
  /** Too large a learning rate to hold where it ends, yet bounded. It ends before the motion is chaotic, where rounding would decide. */
  tooFast: { ...base, optimizer: sgd(0.3), stop: { steps: 110 }, probes },
  /** Its steps would hold on average; the noise of its batches is what drives it away. */
  tooNoisy: {
    ...base,
    optimizer: { kind: "sgd", learningRate: 0.18, batchSize: 1 },
    stop: { steps: 1 },
    probes: { noise: { every: 1 } },
  },
  /** So large that the loss leaves the range of numbers. */
  exploding: { ...base, optimizer: sgd(0.8), stop: { steps: 500 }, probes },
  /** Trains until it is stopped. */
  endless: { ...base, optimizer: sgd(0.01), stop: { minutes: 20 }, probes },
  /** Three points, one after another, each a while. */
  points: {
    ...base,
    optimizer: sgd(0.05),
    stop: { steps: 120_000 },
    probes: { sharpness: { every: 2000 } },
    checkpoints: { every: 50_000 },
    sweep: { "optimizer.learningRate": [0.041, 0.042, 0.043] },
    launch: { on: "local", concurrency: 1 },
  },
  /** Both points are flagged, each at its own value. */
  bothTooFast: {
    ...base,
    optimizer: sgd(0.05),
    stop: { steps: 110 },
    probes,
    sweep: { "optimizer.learningRate": [0.3, 0.8] },
  },
  missingData: {
    ...base,
    data: { source: "idx", train: { images: "absent-images.gz", labels: "absent-labels.gz" }, scale: "unit" },
    optimizer: sgd(0.1),
  },
} as const;

export type ExperimentName = keyof typeof experiments;

export const fileOf = (name: ExperimentName): string => `${name}.basin.json`;

export function writeExperiments(workspace: string): void {
  mkdirSync(workspace, { recursive: true });
  for (const [name, experiment] of Object.entries(experiments)) {
    writeFileSync(
      join(workspace, `${name}.basin.json`),
      `// ${name}\n${JSON.stringify(experiment, null, 2)}\n`,
    );
  }
}
