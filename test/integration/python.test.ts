// The PyTorch bridge: its own tests under every torch there is, the examples, and its numbers beside those of Basin's engine.
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data";
import { models } from "../../src/models";
import type { ModelKind } from "../../src/models/define";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import type { BuiltinSpec } from "../../src/protocol/experiment";
import { decodeRunInfo } from "../../src/record/decodeRunInfo";
import { Rng } from "../../src/util/rng";
import { measure, root, seriesOf, startRun, temporary } from "../support/runs";
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

describe.each(pythons)("the bridge under $name", ({ path }) => {
  describe.skipIf(path === null)("where it is installed", () => {
    test("its own tests pass", { timeout: 900_000 }, async () => {
      const tests = join(root, "python", "tests");
      const { status, stderr } = await call(path!, ["-m", "unittest", "discover", "-s", tests, "-t", tests], {
        cwd: tests,
      });
      expect(stderr.split("\n").slice(-60).join("\n")).toMatch(/\nOK/);
      expect(Number(/Ran (\d+) tests/.exec(stderr)?.[1])).toBeGreaterThan(40);
      expect(status).toBe(0);
    });

    test.each(["mlp", "cnn", "transformer"])(
      "examples/pytorch/%s.py makes a run that Basin reads",
      { timeout: 300_000 },
      async (name) => {
        const cwd = temporary();
        const script = join(cwd, `${name}.py`);
        writeFileSync(script, readFileSync(join(root, "examples", "pytorch", `${name}.py`)));
        const { status, stdout, stderr } = await call(path!, [script, "--steps", "6", "--every", "3"], {
          cwd,
        });
        expect(status, stderr).toBe(0);
        const run = stdout.trim();
        const info = decodeRunInfo(JSON.parse(readFileSync(join(run, "run.json"), "utf8")));
        expect(info.experiment.name).toBe(name);
        const series = seriesOf(run);
        expect(series.ended?.reason).toBe("steps");
        expect(series.column("sharpness").length).toBeGreaterThan(0);
        if (name !== "cnn") expect(readdirSync(join(run, "factors")).length).toBeGreaterThan(0);
      },
    );

    test.each(nets.flatMap((net) => ["mse", "cross-entropy"].map((loss) => ({ ...net, loss }))))(
      "$name with $loss: the metrics are Basin's own to 1e-3",
      { timeout: 300_000 },
      async ({ spec, inputShape, batch, differs, draw, loss }) => {
        const folder = temporary();
        const file = join(folder, "data.npz");
        const size = inputShape.reduce((a, b) => a * b, 1);
        const x = Array.from({ length: n * size }, draw);
        writeFileSync(
          file,
          zipFile({ "x_train.npy": f4([n, ...inputShape], x), "y_train.npy": i8([n], labels) }),
        );
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
        const own = { ...experiment, closing: "full" };
        const { metrics } = measure(temporary(), own, weights);
        const { points } = checkExperiment(JSON.stringify(experiment), join(folder, "test.basin.json"), {});
        const { train } = await loadDataset(points[0].experiment.data, {
          seed: 0,
          readBytes: () => Promise.resolve(readFileSync(file)),
        });
        const layers = layersOf(points[0].experiment.model as BuiltinSpec);
        const { status, stdout, stderr } = await call(path!, [join(root, "test/fixtures/bridge_peer.py")], {
          cwd: folder,
          input: JSON.stringify({
            layers,
            inputShape,
            loss,
            weights,
            batch,
            x: Array.from(train.x),
            y: Array.from(train.y),
          }),
        });
        expect(status, stderr).toBe(0);
        const theirs = JSON.parse(stdout) as Record<string, number>;
        for (const name of compared.filter((one) => !differs?.includes(one)))
          expect(
            Math.abs(theirs[name] - metrics[name]),
            `${name}: ${theirs[name]} against ${metrics[name]}`,
          ).toBeLessThan(parity * Math.max(Math.abs(metrics[name]), 1e-4));
      },
    );
  });
});
