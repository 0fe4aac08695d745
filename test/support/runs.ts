// Starts real run processes from experiments written to a temporary folder.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll } from "vitest";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { decodeLine } from "../../src/record/decodeEvent";
import { RunSeries } from "../../src/record/runSeries";
import { decodeSafetensors } from "../../src/protocol/safetensors";

export const root = resolve(__dirname, "../..");
const script = join(root, "dist", "run.js");

const folders: string[] = [];

/** A folder that goes when the tests of the file have finished. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "basin-"));
  folders.push(folder);
  return folder;
}

/** Writes an experiment and returns what `measure` would be asked of it. */
export const requestOf = (folder: string, experiment: object, weights?: string): string =>
  JSON.stringify({ ...checked(folder, experiment), weights });

/** Writes an experiment and a run folder that asks for it, as a launcher does; returns the folder. */
export function runOf(folder: string, experiment: object): string {
  const run = join(folder, "run");
  mkdirSync(run);
  const rest = { handle: null, resumed: [], created: new Date().toISOString(), versions: {}, git: null };
  const info = { schema: 1, id: "test", ...checked(folder, experiment), ...rest };
  writeFileSync(join(run, "run.json"), JSON.stringify(info));
  return run;
}

function checked(folder: string, experiment: object) {
  const file = join(folder, "test.basin.json");
  const text = JSON.stringify(experiment);
  writeFileSync(file, text);
  const { points, problems } = checkExperiment(text, file, {});
  if (points.length !== 1) throw new Error(JSON.stringify(problems));
  return { experiment: points[0].experiment, file, overrides: {} };
}

const started = new Set<ChildProcess>();
// A test that fails before it ends its run must not leave it behind.
afterAll(() => {
  started.forEach((child) => child.kill("SIGKILL"));
  for (const folder of folders)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/**
 * Starts the run process; the caller ends it.
 * @param ahead  A module that is loaded ahead of it, and what its environment says to that.
 */
export function startRun(
  folder: string,
  experiment: object,
  ahead?: { readonly module: string; readonly env: Readonly<Record<string, string>> },
) {
  const run = runOf(folder, experiment);
  const imports = ahead ? ["--import", pathToFileURL(ahead.module).href] : [];
  const child = spawn(process.execPath, [...imports, script, "start", run], {
    stdio: "ignore",
    env: { ...process.env, ...ahead?.env },
  });
  started.add(child);
  return { run, child, exited: new Promise<number | null>((done) => child.on("exit", (code) => done(code))) };
}

export const resume = (run: string): number | null =>
  spawnSync(process.execPath, [script, "resume", run], { stdio: "ignore" }).status;

/** The contract's JSON object of `measure`. */
interface Measured {
  parameters: number;
  notes: string[];
  metrics: Record<string, number>;
  verdict: Record<string, unknown>;
}

/** Measures without training. */
export function measure(folder: string, experiment: object, weights?: string): Measured {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, "measure"], {
    encoding: "utf8",
    input: requestOf(folder, experiment, weights),
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

export const tensorsOf = (file: string) => decodeSafetensors(readFileSync(file), file).tensors;

export function eventsOf(run: string): Record<string, unknown>[] {
  const lines = readFileSync(join(run, "events.jsonl"), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The log folded as every reader folds it. */
export function seriesOf(run: string): RunSeries {
  const series = new RunSeries();
  for (const line of readFileSync(join(run, "events.jsonl"), "utf8").split("\n")) {
    const event = line === "" ? "unknown" : decodeLine(line);
    if (typeof event !== "string") series.add(event);
  }
  return series;
}

/** A Python with torch, or null: the tests that compare with PyTorch are then skipped, saying so. */
export const python =
  spawnSync("/usr/bin/python3", ["-c", "import torch"]).status === 0 ? "/usr/bin/python3" : null;

export function pytorch(request: object): Record<string, number> & { losses: number[] } {
  const { stdout, stderr, status } = spawnSync(python!, [join(root, "test/fixtures/pytorch_peer.py")], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, number> & { losses: number[] };
}
