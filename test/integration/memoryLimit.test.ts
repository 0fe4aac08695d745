// A limited address space (`ulimit -v`): what needs no WebAssembly goes on without it, and a model that is too large is refused before its memory is taken.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventsOf, root, runOf, temporary } from "../support/runs";

const experiment = (hidden: number[]) => ({
  name: "limited",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12 },
  model: { kind: "mlp", hidden, activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3 },
  stop: { steps: 20 },
  probes: { sharpness: { every: 5 } },
});
const started = (run: string, gigabytes: number) =>
  spawnSync(
    "bash",
    [
      "-c",
      `ulimit -v ${gigabytes * 1e6}; exec "$0" "$1" start "$2"`,
      process.execPath,
      join(root, "dist", "run.js"),
      run,
    ],
    { encoding: "utf8" },
  );

// WebAssembly reserves 10 GiB for a memory: more than there is, all but what threads need, and all after a few.
test.skipIf(process.platform !== "linux").each([4, 8, 12, 16, 64])(
  "under a limit of %i GB on the address space the run computes without WebAssembly, says so and ends as ever",
  (gigabytes) => {
    const run = runOf(temporary(), experiment([4]));
    const { status, stderr } = started(run, gigabytes);
    expect(status, stderr).toBe(0);
    const notes = eventsOf(run).flatMap(({ kind, message }) => (kind === "note" ? [String(message)] : []));
    expect(notes.join("\n")).toMatch(
      /kernels do not run here \(the limit on the address space.*\): every graph is computed by onnx/,
    );
  },
);

test.skipIf(process.platform !== "linux")(
  "a model beyond the limit is refused with the memory it needs",
  () => {
    const { status, stderr } = started(runOf(temporary(), experiment([30_000, 30_000])), 4);
    expect(status, stderr).toBe(2);
    expect(stderr).toMatch(
      /900,120,001 parameters need at least 13\.4 GiB of memory to train; [0-3]\.\d GiB are there/,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  },
);

test("a model beyond the experiment's own memory is refused with the size that the key needs", () => {
  const run = runOf(temporary(), { ...experiment([1000, 1000]), memory: "10MB" });
  const { status, stderr } = spawnSync(process.execPath, [join(root, "dist", "run.js"), "start", run], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(2);
  expect(stderr).toMatch(
    /memory: found "10MB", but the model's 1,004,001 parameters need at least 17MB to train/,
  );
  expect(stderr).toContain('"memory": "17MB"');
});
