// Engines on a GPU as users meet them: absent, with a driver that crashes, and whole runs through WebGPU that agree with the processor's.
import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { gpuNames, gpus, type GpuName } from "../../src/engines/onnx/providers";
import { Rng } from "../../src/util/rng";
import { eventsOf, root, temporary } from "../support/runs";
import { expectSame, metricsOf } from "../support/sameRuns";
import { softwareVulkan } from "../support/softwareVulkan";
import { idxFile } from "../unit/data/files";

// A GPU in software takes a minute for what a GPU does in seconds.
vi.setConfig({ testTimeout: 600_000 });

function basin(folder: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawnSync(process.execPath, [join(root, "dist", "cli.js"), ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, ...env },
  });
  return { ...child, what: `${child.stdout}${child.stderr}` };
}

interface Finding {
  readonly name: string;
  readonly state: "ok" | "optional" | "missing";
  readonly text: string;
}

function doctor(env: Record<string, string> = {}): (name: GpuName) => Finding {
  const { status, stdout, what } = basin(temporary(), ["doctor", "--json"], env);
  expect(status, what).toBe(0);
  const findings = JSON.parse(stdout) as Finding[];
  return (name) => findings.find((one) => one.name === `engine ${name}`)!;
}

/** Twelve images of noise through every kind of layer whose ops are lowered in another way for GPUs, or were computed wrongly by one. */
function network(folder: string, engine: string): string {
  const rng = new Rng(5, "images");
  const pixels = Uint8Array.from({ length: 12 * 64 }, () => Math.floor(256 * rng.uniform()));
  const labels = Uint8Array.from({ length: 12 }, (_, i) => i % 10);
  writeFileSync(join(folder, "x"), idxFile([12, 8, 8], pixels));
  writeFileSync(join(folder, "y"), idxFile([12], labels));
  const experiment = {
    name: engine,
    seed: 1,
    data: { source: "idx", train: { images: "x", labels: "y" }, scale: "unit" },
    model: {
      kind: "sequential",
      layers: [
        { conv2d: { filters: 2, kernel: 3, padding: 1 } },
        "relu",
        { maxPool2d: 2 },
        { conv2d: { filters: 6, kernel: 3, groups: 2 } },
        "gelu",
        "flatten",
        { dense: 10 },
      ],
    },
    loss: "cross-entropy",
    optimizer: { kind: "sgd", learningRate: 0.1, batchSize: 4 },
    stop: { steps: 4 },
    probes: { sharpness: { every: 2 }, noise: { every: 4 } },
    closing: "full",
    engine,
  };
  const file = join(folder, `${engine}.basin.json`);
  writeFileSync(file, JSON.stringify(experiment, null, 2));
  return file;
}

/** Runs it to its end; its folder. */
function whole(engine: string, env: Record<string, string> = {}): string {
  const folder = temporary();
  const { status, what } = basin(folder, ["run", network(folder, engine), "--runs", "runs"], env);
  expect(status, what).toBe(0);
  const [id] = readdirSync(join(folder, "runs"));
  return join(folder, "runs", id);
}

let onProcessor: string | undefined;

/** A run on the GPU says so, and its numbers are those of a run on the processor. */
function expectSameAsProcessor(run: string, name: GpuName): void {
  const events = eventsOf(run);
  expect(events.find(({ kind }) => kind === "header")!.engine).toMatch(new RegExp(`^${name} [\\d.]+$`));
  const notes = events.filter(({ kind }) => kind === "note").map(({ message }) => String(message));
  expect(notes.join()).toContain(`Computed on the GPU through ${gpus[name].through}`);
  const processor = eventsOf((onProcessor ??= whole("onnx")));
  const metrics = metricsOf(processor);
  expect([...metrics.keys()]).toEqual(
    expect.arrayContaining(["4 loss.train", "4 sharpness", "4 nonuniformity"]),
  );
  expectSame(metricsOf(events), metrics);
}

test("doctor tells of every GPU; a run on one that is there agrees with the processor, on another it ends at the key", () => {
  const found = doctor();
  for (const name of gpuNames) {
    const { state, text } = found(name);
    if (state === "ok") {
      expectSameAsProcessor(whole(name), name);
      continue;
    }
    expect(state).toBe("optional");
    expect(text).toContain(gpus[name].missing);
    const folder = temporary();
    const { status, stderr, what } = basin(folder, ["run", network(folder, name), "--runs", "runs"]);
    expect(status, what).toBe(2);
    const [reason] = text.split(`. ${gpus[name].missing}`);
    expect(stderr).toContain(`engine: the engine "${name}" does not load here: ${reason}\n`);
    expect(stderr).toMatch(new RegExp(`${name}\\.basin\\.json:\\d+:13: engine: `));
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});

/** A library in the place of the Vulkan loader that does `code` as soon as it is loaded; null without a C compiler. */
function brokenVulkan(code: string): Record<string, string> | null {
  if (process.platform !== "linux" || process.arch !== "x64") return null;
  const folder = temporary();
  writeFileSync(join(folder, "a.c"), `__attribute__((constructor)) static void begin(void) { ${code} }`);
  const library = join(folder, "libvulkan.so.1");
  const { status } = spawnSync("cc", ["-shared", "-fPIC", "-o", library, join(folder, "a.c")]);
  return status === 0 ? { LD_LIBRARY_PATH: folder } : null;
}

const crashing = brokenVulkan("__builtin_trap();");

test.skipIf(!crashing)(
  "a driver that crashes the process ends neither doctor nor a run without a word",
  () => {
    const reason = "the process that tried it ended (SIGILL), at opening";
    const { state, text } = doctor(crashing!)("webgpu");
    expect(state).toBe("optional");
    expect(text).toContain(reason);
    const folder = temporary();
    const { status, stderr } = basin(folder, ["run", network(folder, "webgpu"), "--runs", "runs"], crashing!);
    expect(status).toBe(2);
    expect(stderr).toContain(`engine: the engine "webgpu" does not load here: ${reason}\n`);
  },
);

const software = softwareVulkan();
if (!software)
  console.log("Skipped the run through WebGPU in software: there is no Chromium with SwiftShader.");

test.skipIf(!software)(
  "a whole run through WebGPU, its driver in software, agrees with the processor's",
  () => {
    expectSameAsProcessor(whole("webgpu", software!), "webgpu");
  },
);
