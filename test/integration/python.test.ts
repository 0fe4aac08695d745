// The PyTorch bridge: its own tests under every torch there is, the examples, and its numbers beside those of Basin's engine.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { loadDataset } from "../../src/data";
import { models } from "../../src/models";
import type { ModelKind } from "../../src/models/define";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import type { BuiltinSpec } from "../../src/protocol/experiment";
import { decodeRunInfo } from "../../src/record/decodeRunInfo";
import { Rng } from "../../src/util/rng";
import { eventsOf, measure, root, seriesOf, startRun, temporary } from "../support/runs";
import { pythons } from "../support/pythons";
import { f4, i8, zipFile } from "../unit/data/files";

const source = join(root, "python", "src");
const environment = {
  ...process.env,
  PYTHONPATH: source,
  OMP_NUM_THREADS: "1",
  PYTHONDONTWRITEBYTECODE: "1",
  // `torch.compile` leaves what it made in the temporary folder otherwise.
  TORCHINDUCTOR_CACHE_DIR: temporary(),
};

/** Not `spawnSync`: vitest's worker must answer while a long one runs. */
async function call(python: string, args: readonly string[], options: { cwd: string; input?: string }) {
  const child = spawn(python, args, { cwd: options.cwd, env: environment });
  child.stdin.end(options.input ?? "");
  const exited = new Promise<number | null>((done) => child.on("close", done));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, status: await exited };
}

const layersOf = (spec: BuiltinSpec) =>
  models
    .map((model) => model as unknown as ModelKind<BuiltinSpec["kind"]>)
    .find(({ kind }) => kind === spec.kind)!
    .layers(spec, 2);

const [n, K] = [10, 2];
const rng = new Rng(5, "parity");
const labels = Array.from({ length: n }, (_, i) => i % K);
const nets = [
  {
    name: "an mlp",
    spec: { kind: "mlp", hidden: [6, 5], activation: "tanh", bias: true },
    inputShape: [4],
    batch: 5,
    draw: () => rng.normal(),
  },
  {
    name: "a cnn with batch normalization",
    spec: {
      kind: "sequential",
      layers: [
        { conv2d: { filters: 2, kernel: 3 } },
        "batchNorm",
        "tanh",
        { avgPool2d: 2 },
        "flatten",
        { dense: K },
      ],
    },
    inputShape: [1, 6, 6],
    // The bridge normalizes pieces of a batch, Basin all examples: the same at full batch.
    batch: n,
    // Basin takes these by the running statistics, the bridge by those of the batch.
    differs: ["loss.train", "noise.trace", "noise.scale"],
    draw: () => rng.normal(),
  },
  {
    name: "a transformer",
    spec: {
      kind: "transformer",
      vocabulary: 5,
      width: 4,
      depth: 1,
      heads: 2,
      causal: false,
      activation: "gelu",
      dropout: 0,
    },
    inputShape: [4],
    batch: 5,
    draw: () => rng.below(5),
  },
];

/** float32 on both sides, and eigenvalues to a tolerance of 1e-3. */
const parity = 1e-3;
const compared = [
  "loss.train",
  "gradNorm",
  "sharpness",
  "eigenvalue.min",
  "gaussNewtonSharpness",
  "nonuniformity",
  "trace",
  "frobenius",
  "noise.trace",
  "noise.scale",
  "noise.batchSharpness",
];

const cases = nets.flatMap((net) => ["mse", "cross-entropy"].map((loss) => ({ ...net, loss })));
type Case = (typeof cases)[number];

/** What Basin's engine measures after 20 steps, and what the bridge is asked to measure at the same weights and data. */
async function basinsOwn({ spec, inputShape, batch, draw, loss }: Case) {
  const folder = temporary();
  const file = join(folder, "data.npz");
  const size = inputShape.reduce((a, b) => a * b, 1);
  const x = Array.from({ length: n * size }, draw);
  writeFileSync(file, zipFile({ "x_train.npy": f4([n, ...inputShape], x), "y_train.npy": i8([n], labels) }));
  const experiment = {
    name: "parity",
    data: { source: "npz", file },
    model: spec,
    loss,
    optimizer: { kind: "sgd", learningRate: 0.05, batchSize: batch },
    stop: { steps: 20 },
    probes: {},
    closing: { seconds: 0.1 },
  };
  const { run, exited } = startRun(folder, experiment);
  expect(await exited).toBe(0);
  const weights = join(run, "checkpoints/step-20.safetensors");
  expect(existsSync(weights)).toBe(true);
  const { metrics } = measure(temporary(), { ...experiment, closing: "full" }, weights);
  const { points } = checkExperiment(JSON.stringify(experiment), join(folder, "test.basin.json"), {});
  const { train } = await loadDataset(points[0].experiment.data, {
    seed: 0,
    readBytes: () => Promise.resolve(readFileSync(file)),
  });
  const layers = layersOf(points[0].experiment.model as BuiltinSpec);
  const request = {
    layers,
    inputShape,
    loss,
    weights,
    batch,
    x: Array.from(train.x),
    y: Array.from(train.y),
  };
  return { metrics, request };
}
let basins: Promise<Awaited<ReturnType<typeof basinsOwn>>[]> | null = null;

/** Once for all versions of torch. */
const allOfBasin = () =>
  (basins ??= (async () => {
    const found = [];
    for (const one of cases) found.push(await basinsOwn(one));
    return found;
  })());

/** The newest torch goes through everything, an older one through what its version has a say in; `npm run test:full` spares none. */
const present = pythons.filter(({ path }) => path !== null);
const everything = (name: string) => process.env.BASIN_FULL === "1" || name === present.at(-1)?.name;
const versioned = ["test_numbers", "test_pitfalls", "test_unchanged", "test_ddp"];

describe.each(pythons)("the bridge under $name", ({ name, path }) => {
  const whole = everything(name);
  describe.skipIf(path === null)("where it is installed", () => {
    test("its own tests pass", { timeout: 900_000 }, async () => {
      const cwd = join(root, "python", "tests");
      const { status, stderr } = await call(
        path!,
        ["-m", "unittest", ...(whole ? ["discover", "-s", cwd, "-t", cwd] : versioned)],
        { cwd },
      );
      expect(stderr.split("\n").slice(-60).join("\n")).toMatch(/\nOK/);
      expect(Number(/Ran (\d+) tests/.exec(stderr)?.[1])).toBeGreaterThan(40);
      expect(status).toBe(0);
    });
  });

  describe.runIf(path !== null && whole)("beside Basin", () => {
    test("the examples make runs that Basin reads", { timeout: 600_000 }, async () => {
      const cwd = temporary();
      const names = ["mlp", "cnn", "transformer", "lightning_trainer", "transformers_trainer"];
      const script = join(root, "test/fixtures/bridge_examples.py");
      const { status, stdout, stderr } = await call(path!, [script, ...names], { cwd });
      expect(status, stderr).toBe(0);
      const runs = JSON.parse(stdout) as Record<string, string | null>;
      expect(Object.keys(runs)).toEqual(names);
      for (const [example, run] of Object.entries(runs)) {
        // Lightning and Trainer where they are installed.
        if (run === null && example.endsWith("_trainer")) continue;
        const info = decodeRunInfo(JSON.parse(readFileSync(join(run!, "run.json"), "utf8")));
        expect(info.experiment.name).toBe(example);
        const series = seriesOf(run!);
        expect(series.ended?.reason, example).toBe("steps");
        expect(series.column("sharpness").length, example).toBeGreaterThan(0);
        if (example !== "cnn") expect(readdirSync(join(run!, "factors")).length, example).toBeGreaterThan(0);
      }
    });

    describe("the metrics are Basin's own to 1e-3", () => {
      let theirs: Record<string, number>[] = [];
      beforeAll(async () => {
        const input = JSON.stringify((await allOfBasin()).map(({ request }) => request));
        const peer = join(root, "test/fixtures/bridge_peer.py");
        const { status, stdout, stderr } = await call(path!, [peer], { cwd: temporary(), input });
        expect(status, stderr).toBe(0);
        theirs = JSON.parse(stdout) as typeof theirs;
      }, 1_200_000);

      test.each(cases.map((one, i) => ({ ...one, i })))("of $name with $loss", async ({ differs, i }) => {
        const { metrics } = (await allOfBasin())[i];
        for (const metric of compared.filter((one) => !differs?.includes(one))) {
          const [own, other] = [metrics[metric], theirs[i][metric]];
          expect(Math.abs(other - own), `${metric}: ${other} against ${own}`).toBeLessThan(
            parity * Math.max(Math.abs(own), 1e-4),
          );
        }
      });
    });

    test.skipIf(process.platform === "win32")(
      "a script ends, and what it started with it, when Basin's run process is killed",
      { timeout: 300_000 },
      async () => {
        const folder = temporary();
        writeFileSync(join(folder, "train.py"), endless);
        const before = process.env.PYTHONPATH;
        process.env.PYTHONPATH = source;
        const { run, child } = startRun(folder, {
          name: "killed",
          trainer: { python: "train.py", interpreter: path },
          optimizer: { learningRate: 0.1 },
        });
        process.env.PYTHONPATH = before ?? "";
        const told = join(folder, "pids");
        await until(() => existsSync(told) && readFileSync(told, "utf8").endsWith("\n"));
        const pids = readFileSync(told, "utf8").trim().split(" ").map(Number);
        onTestFinished(() => pids.filter(lives).forEach((pid) => process.kill(pid, "SIGKILL")));
        expect(pids.map(lives)).toEqual([true, true]);
        child.kill("SIGKILL");
        await until(() => !pids.some(lives));
        const events = eventsOf(run);
        expect(events.at(-1)).toMatchObject({ kind: "end", reason: "interrupted" });
        expect(events.map(({ message }) => message)).toContain(
          "Basin's run process is gone: the script ends with it",
        );
      },
    );
  });
});

/** Trains for ever beside a process of its own; says the ids of both once it is watched. */
const endless = `
import os, subprocess, sys, time
import torch, torch.nn.functional as F
import basin
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
model = torch.nn.Linear(4, 2)
X, y = torch.randn(8, 4), torch.zeros(8, dtype=torch.long)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
probe = basin.watch(model, optimizer, loss=F.cross_entropy, data=(X, y), closing=0)
with open("pids", "w") as file:
    file.write(f"{os.getpid()} {helper.pid}\\n")
while True:
    optimizer.zero_grad(); loss = F.cross_entropy(model(X), y); loss.backward(); optimizer.step()
    probe.step(loss)
    time.sleep(0.05)
`;

async function until(holds: () => boolean, seconds = 250): Promise<void> {
  for (let i = 0; !holds(); i++) {
    if (i > 20 * seconds) throw new Error(`It did not come to hold within ${seconds} seconds.`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
