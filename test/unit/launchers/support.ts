// A temporary folder, an experiment, and options that start the fake run process.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { readRun, runQueue, stopRuns, submit, type RunRecord } from "../../../src/launchers";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { holderOf, lifeOf } from "../../../src/record/disk/processes";
import { isActive } from "../../../src/types/runStatus";

/** A folder that goes when the test has finished. */
export function temporary(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "basin-launchers-")));
  // As a whole again where a process that is ending wrote one more file: Node's own retries look at no new ones.
  onTestFinished(() => until(() => isRemoved(folder)));
  return folder;
}

function isRemoved(folder: string): boolean {
  try {
    rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** Processes of the fake, which behaves as `fake` says (FAKE_… variables of the fixture). */
export const processes = (fake: Record<string, string> = {}) => ({
  runScript: resolve("test/fixtures/fakeRun.mjs"),
  queueScript: resolve("dist/queue.js"),
  env: { ...process.env, ...fake },
});

/** What is asked of a new run: experiments whose only file is `fake.basin.json` in `folder`. */
export function requests(folder: string, { points = 1, concurrency = 1 } = {}) {
  const file = join(folder, "fake.basin.json");
  const rates = Array.from({ length: points }, (_, i) => 0.5 + i);
  const text = JSON.stringify({
    name: "fake",
    data: { source: "spirals", classes: 2 },
    model: { kind: "mlp", hidden: [3] },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.5 },
    ...(points > 1 ? { sweep: { "optimizer.learningRate": rates } } : {}),
    launch: { on: "local", concurrency },
  });
  const checked = checkExperiment(text, file);
  if (checked.points.length === 0) throw new Error(checked.problems.map(({ message }) => message).join("\n"));
  return checked.points.map(({ experiment, overrides }) => ({ experiment, file, overrides }));
}

export const runsDirOf = (folder: string): string => join(folder, ".basin", "runs");

/** Starts one run of the fake; it ends with the test. */
export async function startRun(folder: string, fake: Record<string, string> = {}) {
  const [run] = submit(runsDirOf(folder), requests(folder));
  await runQueue(runsDirOf(folder), processes(fake));
  // A test may have made a folder of it in which nothing can be stopped any more.
  onTestFinished(() => stopRuns([run], "now").catch(() => undefined));
  return run;
}

/** Waits until the process of a run has gone. Returns the run as it then stands, and the exit status, if it left one. */
export async function ended(folder: string): Promise<RunRecord & { exit: number | undefined }> {
  await until(async () => !isActive((await readRun(folder)).status));
  return { ...(await readRun(folder)), exit: holderOf(folder)?.exit };
}

/** The process that holds a folder, while it lives. */
export function pidOf(folder: string): number {
  const holder = holderOf(folder);
  return holder && lifeOf(holder) === "alive" && !holder.starting && !holder.booting ? holder.pid : 0;
}

/** Waits until `test` holds, looking every 20 ms for at most twenty seconds. */
export async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await test())) {
    if (Date.now() > end) throw new Error("It did not come to hold within twenty seconds.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
