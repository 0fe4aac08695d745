// Basin as a platform without a native ONNX Runtime gets it: the packed files of darwin-x64, on which whole runs agree with native ones.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Rng } from "../../src/util/rng";
import { eventsOf, requestOf, root, runOf, temporary, tensorsOf } from "../support/runs";
import { expectSame, metricsOf } from "../support/sameRuns";
import { idxFile } from "../unit/data/files";

// Whole processes, one after the other, on an engine that is slower by design.
vi.setConfig({ testTimeout: 180_000 });

const here = join(root, "dist");
/** A folder with a space and a percent sign in its name: the WebAssembly files are found by URL. */
const packed = join(temporary(), "100% packed", "dist");
const folders = [packed];
const folder = (): string => {
  const made = temporary();
  folders.push(made);
  return made;
};

beforeAll(async () => {
  mkdirSync(packed, { recursive: true });
  for (const bundle of ["run.js", "cli.js", "queue.js"])
    copyFileSync(join(here, bundle), join(packed, bundle));
  const { copyEngine } = (await import(pathToFileURL(join(root, "scripts/engineFiles.mjs")).href)) as {
    copyEngine: (target: string, modules: string) => string;
  };
  expect(copyEngine("darwin-x64", join(packed, "node_modules"))).toBe("wasm");
});
afterAll(() => folders.forEach((name) => rmSync(name, { recursive: true, force: true })));

interface Given {
  readonly env?: Record<string, string>;
  readonly input?: string;
}

function node(dist: string, script: string, args: readonly string[], { env, input }: Given = {}) {
  const child = spawnSync(process.execPath, [join(dist, script), ...args], {
    encoding: "utf8",
    cwd: "/",
    input,
    env: { ...process.env, ...env },
  });
  return { ...child, what: `${child.stdout}${child.stderr}` };
}

const short = {
  name: "short",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 20, testExamples: 10 },
  model: { kind: "mlp", hidden: [16, 12], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.1, batchSize: 5 },
  stop: { steps: 60 },
  probes: { sharpness: { every: 20, top: 2 }, noise: { every: 30 }, generalization: { every: 20 } },
  checkpoints: { every: 30 },
};

/** Starts a whole run; its events and verdict. */
function whole(dist: string, experiment: object, env: Record<string, string> = {}) {
  const place = folder();
  const run = runOf(place, experiment);
  const { status, what } = node(dist, "run.js", ["start", run], { env });
  expect(status, what).toBe(0);
  const verdict = JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")) as Record<string, unknown>;
  const events = eventsOf(run);
  return { run, events, verdict, engine: events.find(({ kind }) => kind === "header")!.engine };
}

let made: ReturnType<typeof whole> | undefined;
/** The one run on the packed files that several tests look at. */
const fallback = () => (made ??= whole(packed, short));

test("the packed files hold the WebAssembly build and no native one", () => {
  const modules = join(packed, "node_modules");
  expect(readdirSync(modules).sort()).toEqual(["onnxruntime-common", "onnxruntime-web"]);
  expect(readdirSync(join(modules, "onnxruntime-web", "dist")).sort()).toEqual([
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.node.min.js",
  ]);
});

test("without a native engine a whole run falls back to WebAssembly, says so, and agrees with the native run", () => {
  // Named, the native engine computes everything itself; the other run's small graphs are in Basin's kernels.
  const native = whole(here, { ...short, engine: "onnx" });
  const { engine, events, verdict } = fallback();
  expect(native.engine).toMatch(/^onnx [\d.]+$/);
  expect(engine).toMatch(/^wasm [\d.]+ \+ kernels$/);
  const metrics = metricsOf(native.events);
  expect([...metrics.keys()]).toEqual(
    expect.arrayContaining(["60 loss.train", "60 sharpness", "30 nonuniformity", "60 gap.loss"]),
  );
  expectSame(metricsOf(events), metrics);
  expect(verdict.kind).toBe(native.verdict.kind);
  const named = whole(packed, { ...short, engine: "wasm" });
  expect(named.engine).toMatch(/^wasm [\d.]+$/);
  expectSame(metricsOf(named.events), metrics);

  // The environment forces the same engine where both are there: bit for bit the same run.
  const forced = whole(here, short, { BASIN_ENGINE: "wasm" });
  expect(forced.engine).toBe(engine);
  expect(metricsOf(forced.events)).toEqual(metricsOf(events));
});

test("a run in WebAssembly resumes bit-exactly", () => {
  const { run } = fallback();
  const last = join(run, "checkpoints", "step-60.safetensors");
  // What training moves; a probe's starting vectors for its next reading depend on which readings came before.
  const trained = () => [...tensorsOf(last)].filter(([name]) => !name.startsWith("probe."));
  const before = trained();
  rmSync(last);
  const { status, what } = node(packed, "run.js", ["resume", run]);
  expect(status, what).toBe(0);
  expect(trained()).toEqual(before);
});

test("every metric of a small convolutional network agrees with the native engine's", () => {
  const rng = new Rng(5, "images");
  const pixels = Uint8Array.from({ length: 12 * 64 }, () => Math.floor(256 * rng.uniform()));
  const images = {
    source: "idx",
    train: { images: "x", labels: "y" },
    scale: "unit",
  };
  const experiment = {
    data: images,
    model: {
      kind: "sequential",
      layers: [
        { conv2d: { filters: 4, kernel: 3, padding: 1 } },
        "relu",
        { maxPool2d: 2 },
        { conv2d: { filters: 6, kernel: 3 } },
        "tanh",
        { avgPool2d: 2 },
        "flatten",
        { dense: 10 },
      ],
    },
    loss: "cross-entropy",
    optimizer: { kind: "sgd", learningRate: 0.1, batchSize: 4 },
    stop: { steps: 1 },
  };
  const measured = [here, packed].map((dist) => {
    const place = folder();
    writeFileSync(join(place, "x"), idxFile([12, 8, 8], pixels));
    writeFileSync(
      join(place, "y"),
      idxFile(
        [12],
        Uint8Array.from({ length: 12 }, (_, i) => i % 10),
      ),
    );
    const { status, stdout, stderr } = node(dist, "run.js", ["measure"], {
      input: requestOf(place, experiment),
    });
    expect(status, stderr).toBe(0);
    const { metrics } = JSON.parse(stdout) as { metrics: Record<string, number | number[]> };
    return new Map(
      Object.entries(metrics)
        // Error bars say how far each run iterated, not where it arrived.
        .filter(([name, value]) => value !== null && !/error$/i.test(name))
        .map(([name, value]) => [`0 ${name}`, [value].flat()]),
    );
  });
  expect(measured[0].size).toBeGreaterThan(15);
  expectSame(measured[1], measured[0]);
});

test("doctor says there that auto is WebAssembly, and fails only when no engine is left", () => {
  // A cache of its own: this machine's may hold native TensorFlow.
  const env = { BASIN_CACHE: folder() };
  const fine = node(packed, "cli.js", ["doctor", "--json"], { env });
  const findings = JSON.parse(fine.stdout) as { name: string; state: string; text: string }[];
  const of = (name: string) => findings.find((finding) => finding.name === name)!;
  expect(of("engine wasm")).toMatchObject({ state: "ok", text: expect.stringMatching(/WebAssembly.*auto/) });
  expect(of("engine onnx")).toMatchObject({
    state: "optional",
    text: expect.stringMatching(/onnxruntime-node/),
  });
  expect(of("engine tensorflow").text).toMatch(/not installed.*basin fetch tensorflow/);

  const bare = join(folder(), "dist");
  mkdirSync(bare);
  for (const bundle of ["run.js", "cli.js", "queue.js"]) copyFileSync(join(here, bundle), join(bare, bundle));
  const broken = node(bare, "cli.js", ["doctor"], { env });
  expect(broken.status).toBe(1);
  expect(broken.stdout).toMatch(/✗ engine onnx .*✗ engine wasm /s);
  // The same to someone who runs an experiment: one message at its place, no stack.
  const place = folder();
  const file = join(place, "short.basin.json");
  writeFileSync(file, JSON.stringify({ ...short, engine: "onnx" }, null, 2));
  const run = node(bare, "cli.js", ["run", file, "--runs", join(place, "runs")]);
  expect(run.status, run.what).toBe(2);
  expect(run.stderr).toMatch(/short\.basin\.json:\d+:\d+: engine: the engine "onnx" does not load here: /);
  expect(run.stderr).not.toMatch(/^\s+at /m);
});
