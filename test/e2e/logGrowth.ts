// How fast the log of a small net grows that reads its sharpness every 20 steps.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSeries } from "../../src/record/disk/readSeries";
import { root } from "./setup";

const seconds = 60;
const experiment = {
  seed: 0,
  data: { source: "chebyshev", degree: 3, examples: 20 },
  model: { kind: "mlp", hidden: [30, 20], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.02, batchSize: "full" },
  stop: { minutes: seconds / 60 },
  probes: { sharpness: { every: 20 } },
};

/** Trains for a minute and says what that wrote, a minute and a reading. */
export function logGrowth(): string {
  const folder = mkdtempSync(join(tmpdir(), "basin-growth-"));
  try {
    const file = join(folder, "growth.basin.json");
    writeFileSync(file, JSON.stringify(experiment));
    const runs = join(folder, "runs");
    const args = [join(root, "dist", "cli.js"), "run", file, "--runs", runs];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    const [name] = readdirSync(runs).filter((entry) => entry.includes("growth"));
    const { size } = statSync(join(runs, name, "events.jsonl"));
    const series = readSeries(join(runs, name));
    const readings = series.column("sharpness").length;
    return `Log of a net 1-30-20-1 with sharpness every 20 steps: ${((60 * size) / series.time / 1e6).toFixed(2)} MB/min, ${(size / readings).toFixed(0)} bytes a reading (${readings} readings in ${series.time.toFixed(0)} s)`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
