// Training steps per second of a small net beside PyTorch eager, and the memory of a run on a wide one.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { machine, median, openPeer, printRow, timed } from "./harness";
import { problemOf, small, threads } from "./problems";
import { watched } from "./wholeRun";

async function main(): Promise<void> {
  console.log(`\n${threads} threads each\n${machine()}`);
  console.log("| work | Basin | PyTorch | ratio | aim |\n|---|---|---|---|---|");
  await steps();
  await memory();
}

async function steps(): Promise<void> {
  const times = 2000;
  const { theta, gradient, step } = await problemOf(small, [1], 20, 1);
  const peer = await openPeer({ widths: [1, 30, 20, 1], activation: "tanh", n: 20, threads });
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 7; round++) {
    ours.push(
      await timed(async () => {
        for (let i = 0; i < times; i++) {
          await step();
          for (let j = 0; j < theta.length; j++) theta[j] -= 0.01 * gradient[j];
        }
      }),
    );
    if (peer) theirs.push((await peer.ask<{ seconds: number }>({ do: "steps", times, rate: 0.01 })).seconds);
  }
  const perSecond = (time: number): string =>
    Number.isNaN(time) ? "–" : `${Math.round(times / time)} steps/s`;
  const ratio = median(ours.slice(1).map((time, i) => (theirs[i + 1] ?? NaN) / time));
  printRow(
    "full-batch steps, 1-30-20-1, n = 20",
    { ours: perSecond(median(ours.slice(1))), theirs: perSecond(median(theirs.slice(1))), ratio },
    "≥",
    10,
  );
  peer?.close();
}

/** Peak resident memory of a real run of 12 steps with sharpness and noise, tanh 3072-200-200-10, n = 1000. */
async function memory(): Promise<void> {
  if (process.platform !== "linux") return;
  const folder = mkdtempSync(join(tmpdir(), "basin-bench-"));
  const file = join(folder, "wide.basin.json");
  const experiment = {
    data: { source: "teacher", inputs: 3072, outputs: 10, hidden: [10], examples: 1000, testExamples: 0 },
    model: { kind: "mlp", hidden: [200, 200], activation: "tanh" },
    optimizer: { learningRate: 0.01 },
    stop: { steps: 12 },
    probes: { sharpness: { every: 10 } },
  };
  writeFileSync(file, JSON.stringify(experiment));
  const { peak } = await watched(["run", file]);
  printRow(
    "peak resident memory of a run, n = 1000, tanh 3072-200-200-10, with its verdict",
    { ours: `${Math.round(peak / 1e6)} MB`, theirs: "–", ratio: NaN },
    "≤ 600 MB",
    NaN,
  );
}

void main();
