// The real run process and its folder: one at a time, and none that trains on into nowhere or writes elsewhere.
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventsOf, requestOf, root, runOf, startRun, temporary } from "../support/runs";

const script = join(root, "dist", "run.js");
const experiment = (stop: object) => ({
  name: "held",
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 0 },
  model: { kind: "mlp", hidden: [8], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3 },
  stop,
  probes: {},
});

function place(): string {
  const folder = temporary();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  return folder;
}

async function until(test: () => boolean): Promise<void> {
  for (let i = 0; !test(); i++) {
    if (i > 1500) throw new Error("It did not come to hold within thirty seconds.");
    await new Promise((done) => setTimeout(done, 20));
  }
}
const trains = (run: string): boolean =>
  existsSync(join(run, "events.jsonl")) && eventsOf(run).some(({ kind }) => kind === "metrics");
const exitOf = (child: ReturnType<typeof spawn>) =>
  new Promise<number | null>((done) => child.on("exit", done));
/** As `resume`, and what it said. */
const resumed = (run: string, ...more: string[]) =>
  spawnSync(process.execPath, [script, "resume", run, ...more], { encoding: "utf8" });

test("a second process is refused while one trains; the first is not disturbed", async () => {
  const { run, child, exited } = startRun(place(), experiment({ minutes: 10 }));
  await until(() => trains(run));
  const second = resumed(run);
  expect(second.status).toBe(2);
  expect(second.stderr).toMatch(/is trained by another process already/);
  expect(second.stderr).not.toMatch(/\n\s+at /);
  child.kill("SIGTERM");
  expect(await exited).toBe(130);
  expect(eventsOf(run).filter(({ kind }) => kind === "header")).toHaveLength(1);
  expect(JSON.parse(readFileSync(join(run, "processes", "1.json"), "utf8"))).toMatchObject({
    host: hostname(),
    exit: 130,
  });
});

test("a run asked to stop the instant it holds its folder ends as interrupted", async () => {
  for (let i = 0; i < 4; i++) {
    const { run, child, exited } = startRun(place(), experiment({ minutes: 10 }));
    while (!existsSync(join(run, "processes", "1.json"))) await new Promise(setImmediate);
    child.kill("SIGTERM");
    expect(await exited).toBe(130);
    expect(eventsOf(run).at(-1)).toMatchObject({ kind: "end", reason: "interrupted" });
  }
});

test("of several that resume a killed run at once, one trains", async () => {
  const { run, child, exited } = startRun(place(), experiment({ steps: 4000 }));
  await until(() => trains(run));
  child.kill("SIGKILL");
  await exited;
  const tries = [1, 2, 3].map(() => spawn(process.execPath, [script, "resume", run], { stdio: "ignore" }));
  const statuses = await Promise.all(tries.map(exitOf));
  expect(statuses.sort()).toEqual([0, 2, 2]);
  expect(eventsOf(run).filter(({ kind }) => kind === "header")).toHaveLength(2);
});

test("a process whose claim was superseded before it reported ends", () => {
  const run = runOf(place(), experiment({ steps: 5 }));
  mkdirSync(join(run, "processes"));
  for (const n of [1, 2]) writeFileSync(join(run, "processes", `${n}.json`), "{}");
  const { status, stderr } = spawnSync(process.execPath, [script, "start", run, "1"], { encoding: "utf8" });
  expect(status).toBe(2);
  expect(stderr).toMatch(/another process/);
  expect(existsSync(join(run, "events.jsonl"))).toBe(false);
});

test.each(["the folder", "its parent"])("a run ends by itself when %s is deleted", async (what) => {
  const folder = join(place(), "runs");
  mkdirSync(folder);
  const { run, exited } = startRun(folder, experiment({ minutes: 10 }));
  await until(() => trains(run));
  // A checkpoint written in the middle of it makes the first try fail, as it would for a user.
  for (let again = true; again;) {
    try {
      rmSync(what === "the folder" ? run : folder, { recursive: true, force: true });
      again = false;
    } catch (error) {
      expect(error).toMatchObject({ code: "ENOTEMPTY" });
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  expect(await exited).toBe(1);
  expect(existsSync(run)).toBe(false);
});

test("a file that says now ends a run that no signal reaches", async () => {
  const { run, exited } = startRun(place(), experiment({ minutes: 10 }));
  await until(() => trains(run));
  writeFileSync(join(run, "stop"), "now\n");
  expect(await exited).toBe(130);
  expect(existsSync(join(run, "verdict.json"))).toBe(false);
});

test.each(["events.jsonl", "verdict.json", "run.log", "checkpoints", "processes"])(
  "resume writes through no link in the place of %s",
  async (name) => {
    const folder = place();
    const { run, exited } = startRun(folder, experiment({ steps: 3 }));
    expect(await exited).toBe(0);
    const outside = join(folder, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "file"), "precious");
    rmSync(join(run, name), { recursive: true, force: true });
    symlinkSync(name.includes(".") ? join(outside, "file") : outside, join(run, name));
    const { status, stderr } = resumed(run);
    expect(stderr).toContain(`${join(run, name)}: is a link`);
    expect(status).toBe(2);
    expect(readdirSync(outside)).toEqual(["file"]);
    expect(readFileSync(join(outside, "file"), "utf8")).toBe("precious");
  },
);

test("resume writes through no hard link: the log is refused, what is replaced leaves the other name as it was", async () => {
  const folder = place();
  const { run, exited } = startRun(folder, experiment({ steps: 3 }));
  expect(await exited).toBe(0);
  const outside = join(folder, "outside");
  mkdirSync(outside);
  const linked = ["events.jsonl", "verdict.json", "run.json", "checkpoints/step-3.safetensors"];
  const nameOf = (name: string) => join(outside, name.replace("/", "-"));
  for (const name of linked) linkSync(join(run, name), nameOf(name));
  const before = linked.map((name) => readFileSync(nameOf(name)));
  const { status, stderr } = resumed(run);
  expect(stderr).toMatch(/events\.jsonl: is a file with a second name.*hard link/);
  expect(status).toBe(2);
  // With a log of its own it goes on, and nothing outside has changed.
  copyFileSync(nameOf("events.jsonl"), join(run, "copy"));
  renameSync(join(run, "copy"), join(run, "events.jsonl"));
  rmSync(join(run, "checkpoints", "step-3.safetensors"));
  linkSync(nameOf("checkpoints/step-3.safetensors"), join(run, "checkpoints", "step-3.safetensors"));
  expect(resumed(run).status).toBe(0);
  expect(linked.map((name) => readFileSync(nameOf(name)))).toEqual(before);
});

test("a measurement ends with whoever asked for it, also when that was killed", async () => {
  const folder = place();
  const long = {
    ...experiment({ steps: 1 }),
    data: { source: "teacher", inputs: 60, outputs: 5, hidden: [60], examples: 3000, testExamples: 0 },
    model: { kind: "mlp", hidden: [300, 300], activation: "tanh" },
  };
  const request = requestOf(folder, long);
  // Asks, keeps the pipe, and tells whom it asked.
  const asker = spawn(process.execPath, [
    "-e",
    `const { spawn } = require("node:child_process");
     const child = spawn(process.execPath, [${JSON.stringify(script)}, "measure"], { stdio: ["pipe", "ignore", "ignore"] });
     child.stdin.write(${JSON.stringify(`${request}\n`)});
     console.log(child.pid);`,
  ]);
  const pid = await new Promise<number>((done) =>
    asker.stdout.once("data", (text: Buffer) => done(Number(text))),
  );
  const alive = (): boolean => {
    try {
      process.kill(pid, 0);
      return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1][0] !== "Z";
    } catch {
      return false;
    }
  };
  onTestFinished(() => void (alive() && process.kill(pid, "SIGKILL")));
  await new Promise((done) => setTimeout(done, 1500));
  expect(alive()).toBe(true);
  asker.kill("SIGKILL");
  await until(() => !alive());
});
