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
/** Less than the address space that WebAssembly reserves for one memory. */
const kilobytes = 4_000_000;
const started = (run: string) =>
  spawnSync(
    "bash",
    [
      "-c",
      `ulimit -v ${kilobytes}; exec "$0" "$1" start "$2"`,
      process.execPath,
      join(root, "dist", "run.js"),
      run,
    ],
    { encoding: "utf8" },
  );

test.skipIf(process.platform !== "linux")(
  "where WebAssembly gets no memory the run says so and ends as ever",
  () => {
    const run = runOf(temporary(), experiment([4]));
    const { status, stderr } = started(run);
    expect(status, stderr).toBe(0);
    const notes = eventsOf(run).flatMap(({ kind, message }) => (kind === "note" ? [String(message)] : []));
    expect(notes.join("\n")).toMatch(
      /kernels do not run here \(.*memory.*\): every graph is computed by onnx/,
    );
  },
);

test.skipIf(process.platform !== "linux")(
  "a model beyond the limit is refused with the memory it needs",
  () => {
    const { status, stderr } = started(runOf(temporary(), experiment([30_000, 30_000])));
    expect(status, stderr).toBe(2);
    expect(stderr).toMatch(
      /900,120,001 parameters need at least 13\.4 GiB of memory to train; [0-3]\.\d GiB are there/,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  },
);
