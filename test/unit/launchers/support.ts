// A temporary folder, an experiment, and options that start the fake run process.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onTestFinished } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";

export const runScript = resolve("test/fixtures/fakeRun.mjs");

/** A folder that goes when the test has finished. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "basin-launchers-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

const text = `{ "name": "fake", "data": { "source": "spirals", "classes": 2 }, "model": { "kind": "mlp", "hidden": [3] },
  "loss": "mse", "optimizer": { "kind": "sgd", "learningRate": 0.5 } }`;

/** Options of `startRun` for a run that behaves as `fake` says (FAKE_… variables of the fixture). */
export function options(folder: string, fake: Record<string, string> = {}) {
  const file = join(folder, "fake.basin.json");
  const { points, problems } = checkExperiment(text, file);
  if (points.length === 0) throw new Error(problems.map(({ message }) => message).join("\n"));
  return {
    request: { experiment: points[0].experiment, file, overrides: {} },
    runsDir: join(folder, ".basin", "runs"),
    detached: false,
    runScript,
    env: { ...process.env, ...fake },
  };
}

/** Waits until `test` holds, looking every 20 ms for at most ten seconds. */
export async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await test())) {
    if (Date.now() > end) throw new Error("It did not come to hold within ten seconds.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
