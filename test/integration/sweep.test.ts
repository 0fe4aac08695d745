// `basin run SWEEP` and `basin stop` as a user meets them: signals, a closed terminal, hostile folders.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listRuns, stopRuns } from "../../src/launchers";
import { root, temporary } from "../support/runs";

const cli = join(root, "dist", "cli.js");
const experiment = {
  name: "tiny",
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 0 },
  model: { kind: "mlp", hidden: [8], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: 3 },
  probes: {},
};

function workspace(rates: number[], stop: object, concurrency = 1) {
  const folder = temporary();
  const runsDir = join(folder, ".basin", "runs");
  const sweep = { "optimizer.learningRate": rates };
  const text = { ...experiment, sweep, stop, launch: { on: "local", concurrency } };
  writeFileSync(join(folder, "tiny.basin.json"), JSON.stringify(text));
  onTestFinished(async () => {
    await stopRuns(await listRuns(runsDir), "now").catch(() => undefined);
    await until(async () => (await listRuns(runsDir)).every(({ status }) => status !== "running"));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  return { folder, runsDir };
}

async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await test()); i++) {
    if (i > 900) throw new Error("It did not come to hold within 45 seconds.");
    await new Promise((done) => setTimeout(done, 50));
  }
}

function start(folder: string, ...args: string[]) {
  const child = spawn(process.execPath, [cli, "run", "tiny.basin.json", ...args], { cwd: folder });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said = { out: "" };
  child.stdout.on("data", (text: Buffer) => (said.out += text.toString()));
  return {
    child,
    said,
    exited: new Promise<number | null>((done) => child.on("exit", (code) => done(code))),
  };
}
const statuses = async (runsDir: string) =>
  (await listRuns(runsDir))
    .sort((a, b) => a.info.sweep!.index - b.info.sweep!.index)
    .map(({ status }) => status);
const running = async (runsDir: string) => (await listRuns(runsDir)).some(({ step }) => step > 0);

test.each(["SIGHUP", "SIGKILL"] as const)(
  "a sweep goes on to its end after its terminal got %s",
  async (signal) => {
    const { folder, runsDir } = workspace([0.01, 0.02, 0.03], { minutes: 0.02 });
    const { child, exited } = start(folder);
    await until(() => running(runsDir));
    child.kill(signal);
    await exited;
    expect((await statuses(runsDir)).filter((status) => status === "queued").length).toBeGreaterThan(0);
    await until(async () => (await statuses(runsDir)).every((status) => status === "finished"));
  },
);

test("Ctrl-C stops a sweep: what trains is judged, what waits does not start, status 130", async () => {
  const { folder, runsDir } = workspace([0.01, 0.02, 0.03], { minutes: 10 });
  const { child, said, exited } = start(folder);
  await until(() => running(runsDir));
  child.kill("SIGINT");
  expect(await exited).toBe(130);
  expect(await statuses(runsDir)).toEqual(["interrupted", "interrupted", "interrupted"]);
  const judged = readdirSync(runsDir).filter((id) => existsSync(join(runsDir, id, "verdict.json")));
  expect(judged).toHaveLength(1);
  expect(said.out.match(/Interrupted\. Go on with it: basin resume/g)).toHaveLength(1);
});

test("a sweep as JSON: every line says which run it is of, and all runs train at once where they may", async () => {
  const { folder, runsDir } = workspace([0.01, 0.02], { steps: 40 }, 2);
  const { said, exited } = start(folder, "--json");
  expect(await exited).toBe(0);
  const lines = said.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ids = (await listRuns(runsDir)).map(({ info }) => info.id);
  for (const id of ids) {
    const own = lines.filter(({ run }) => run === id).map(({ run: _, ...event }) => event);
    const log = readFileSync(join(runsDir, id, "events.jsonl"), "utf8")
      .trim()
      .split("\n");
    expect(own.slice(0, -1)).toEqual(log.map((line) => JSON.parse(line) as object));
    expect(own.at(-1)).toMatchObject({ kind: "verdict" });
  }
  expect(lines.every(({ run }) => ids.includes(run as string))).toBe(true);
});

test("basin stop ends one point and the sweep goes on; stop all ends the rest", async () => {
  const { folder, runsDir } = workspace([0.01, 0.02, 0.03, 0.04], { minutes: 10 });
  const { exited } = start(folder);
  const basin = (...args: string[]) =>
    spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: "utf8" });
  await until(() => running(runsDir));
  const [first] = (await listRuns(runsDir)).filter(({ status }) => status === "running");
  expect(basin("stop", first.info.id)).toMatchObject({
    status: 0,
    stdout: `${first.info.id}: asked to stop\n`,
  });
  await until(async () => (await statuses(runsDir))[1] === "running");
  expect((await statuses(runsDir)).slice(2)).toEqual(["queued", "queued"]);
  expect(basin("stop", "all").status).toBe(0);
  expect(await exited).toBe(130);
  expect(await statuses(runsDir)).toEqual(Array(4).fill("interrupted"));
  expect(basin("stop", first.info.id)).toMatchObject({ status: 2 });
});

test("escape sequences out of a run folder do not reach the terminal; what is no plain file is not read", () => {
  const { folder, runsDir } = workspace([0.01], { steps: 1 });
  const evil = "\u001b]0;owned\u0007\u001b[2J\u009b5A";
  const bad = join(runsDir, "20260101-000000-bad");
  mkdirSync(bad, { recursive: true });
  const info = {
    schema: 1,
    id: evil,
    experiment: { ...experiment, name: evil, seed: 0, stop: { steps: 3 } },
    file: evil,
    overrides: { [evil]: evil },
    created: evil,
    resumed: [],
  };
  writeFileSync(join(bad, "run.json"), JSON.stringify(info));
  const note = { kind: "note", step: 1, message: evil };
  writeFileSync(join(bad, "events.jsonl"), `{"kind":"header","name":"x"}\n${JSON.stringify(note)}\n`);
  const fifo = join(runsDir, "20260101-000001-fifo");
  mkdirSync(fifo);
  for (const name of ["run.json", "events.jsonl", "verdict.json"]) spawnSync("mkfifo", [join(fifo, name)]);
  const half = join(runsDir, "20260101-000002-half");
  mkdirSync(half);
  writeFileSync(join(half, "run.json"), JSON.stringify({ ...info, id: "half" }));
  for (const name of ["events.jsonl", "verdict.json", "run.log"]) spawnSync("mkfifo", [join(half, name)]);
  for (const args of [
    ["list"],
    ["show", "20260101-000000-bad"],
    ["verdict", "20260101-000000-bad"],
    ["show", evil],
  ]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
      cwd: folder,
      encoding: "utf8",
      timeout: 20_000,
    });
    expect(status).not.toBeNull();
    expect(stdout + stderr, args.join(" ")).not.toMatch(/[\u0007\u001b\u009b]/);
    expect(stdout + stderr).toMatch(/20260101-000000-bad|is no run/);
  }
});
