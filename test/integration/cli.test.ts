// The built command line, called as a user calls it: what it prints, writes and returns.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root, temporary } from "../support/runs";

const cli = join(root, "dist", "cli.js");

const experiment = {
  name: "tiny",
  seed: 1,
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 8 },
  model: { kind: "mlp", hidden: [8], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: "full" },
  stop: { steps: 60 },
  probes: { sharpness: { every: 20 }, noise: { every: 20 }, generalization: { every: 20 } },
};

/** A workspace with the experiment, changed as given. */
function workspace(change: object = {}): string {
  const folder = temporary();
  writeFileSync(join(folder, "tiny.basin.json"), JSON.stringify({ ...experiment, ...change }, null, 2));
  return folder;
}

function basin(cwd: string, args: string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, ...env },
    timeout: 50_000,
    // Past its default of 1 MiB the child is asked to stop, which a run does.
    maxBuffer: 2 ** 27,
  });
  return { status, stdout, stderr };
}

const runsOf = (folder: string) => {
  const runs = join(folder, ".basin", "runs");
  return existsSync(runs)
    ? readdirSync(runs)
        .filter((id) => !id.startsWith("."))
        .map((id) => join(runs, id))
    : [];
};

const linesOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("run tells plain lines without escapes, ends with the verdict in words, and keeps runs out of git", () => {
  const folder = workspace();
  const { status, stdout, stderr } = basin(folder, ["run", "tiny.basin.json"]);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).not.toMatch(/\u001b/);
  expect(stdout).toMatch(/step 60\/60 {2}loss [\d.]+ {2}sharpness [\d.]+ {2}its limit 40/);
  expect(stdout).toMatch(/Stable: learning rate 0\.05 is \d+ % of the largest stable value/);
  expect(readFileSync(join(folder, ".basin", ".gitignore"), "utf8")).toContain("runs/");
  const [run] = runsOf(folder);
  expect(run).toMatch(/\d{8}-\d{6}-tiny-lr0\.05-bfull$/);
});

test("run --json prints one event a line, the same as the log, then the verdict", () => {
  const folder = workspace();
  const { status, stdout } = basin(folder, ["run", "tiny.basin.json", "--json"]);
  expect(status).toBe(0);
  const told = linesOf(stdout);
  const [run] = runsOf(folder);
  expect(told.slice(0, -1)).toEqual(linesOf(readFileSync(join(run, "events.jsonl"), "utf8")));
  const { kind, ...verdict } = told.at(-1)!;
  expect(kind).toBe("verdict");
  expect(verdict).toEqual(JSON.parse(readFileSync(join(run, "verdict.json"), "utf8")));
});

test("--check refuses a learning rate that breaks linear stability with status 3, and only such a one", () => {
  const folder = workspace();
  expect(basin(folder, ["run", "tiny.basin.json", "--check"]).status).toBe(0);
  const { status, stdout } = basin(folder, [
    "run",
    "tiny.basin.json",
    "--check",
    "--set",
    "optimizer.learningRate=2",
  ]);
  expect(stdout).toMatch(/Diverged|Unstable/);
  expect(status).toBe(3);
});

test("a sweep runs every point, one after the other, and ends with a table", () => {
  const folder = workspace({
    stop: { steps: 5 },
    sweep: { "optimizer.learningRate": [0.01, 0.02], "optimizer.batchSize": [4, "full"] },
  });
  const { status, stdout } = basin(folder, ["run", "tiny.basin.json"]);
  expect(status).toBe(0);
  expect(runsOf(folder)).toHaveLength(4);
  for (const part of ["(4 of 4)", "lr0.01-b4", "lr0.01-bfull", "lr0.02-b4", "lr0.02-bfull"])
    expect(stdout).toContain(part);
});

test("SIGINT passes to the run: verdict, how to go on, status 130; resume finishes it", async () => {
  const folder = workspace({
    // Long enough that it is still at work when the signal arrives, also on a busy machine.
    stop: { minutes: 0.15 },
    checkpoints: { every: 500_000 },
    probes: { sharpness: { every: 20_000 } },
  });
  const child = spawn(process.execPath, [cli, "run", "tiny.basin.json"], { cwd: folder });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    // Once: a second one means at once.
    if (!child.killed && /step [1-9]/.test(said)) child.kill("SIGINT");
  });
  const status = await new Promise((done) => child.on("exit", done));
  expect(status).toBe(130);
  expect(said).toMatch(/Interrupted\. Go on with it: basin resume \S+/);
  const [run] = runsOf(folder);
  expect(existsSync(join(run, "verdict.json"))).toBe(true);
  const id = /basin resume (\S+)/.exec(said)![1];
  const resumed = basin(folder, ["resume", id, "--json"]);
  expect(resumed.stderr).toBe("");
  expect(resumed.status).toBe(0);
  const told = linesOf(resumed.stdout);
  expect(told[0]).toMatchObject({ kind: "header" });
  expect(Number(told[0].resumedAt)).toBeGreaterThan(0);
  expect(told.at(-2)).toMatchObject({ kind: "end", reason: "minutes" });
  expect(basin(folder, ["resume", id])).toMatchObject({
    status: 2,
    stderr: /nothing left to train|has ended/i,
  });
});

test("list, show and verdict read the runs; measure --json is the contract's object", () => {
  const folder = workspace();
  basin(folder, ["run", "tiny.basin.json"]);
  expect(basin(folder, ["list"]).stdout).toMatch(/tiny-lr0\.05-bfull +finished +60/);
  const id = linesOf(basin(folder, ["list", "--json"]).stdout)[0];
  expect(JSON.stringify(id)).toContain("tiny-lr0.05-bfull");
  const [run] = runsOf(folder);
  const name = run.split("/").at(-1)!;
  expect(basin(folder, ["show", name]).stdout).toMatch(/sharpness +[\d.]+/);
  expect(basin(folder, ["verdict", name]).stdout).toMatch(/Stable/);
  const weights = join(run, "checkpoints", "step-60.safetensors");
  const measured = JSON.parse(
    basin(folder, ["measure", "tiny.basin.json", "--weights", weights, "--json"]).stdout,
  ) as { parameters: number; examples: number; metrics: Record<string, number>; verdict: object };
  expect(measured).toMatchObject({ parameters: 25, examples: 12, verdict: { verdict: "stable" } });
  // The same point measured anew.
  const last = linesOf(readFileSync(join(run, "events.jsonl"), "utf8")).findLast(
    ({ probe }) => probe === "sharpness",
  ) as { values: Record<string, number> };
  expect(measured.metrics.sharpness).toBeCloseTo(last.values.sharpness, 2);
});

test.each([
  [["run", "absent.basin.json"], /^absent\.basin\.json: no such file/],
  [["run", "."], /^\.: is a folder/],
  [["run", "/dev/zero"], /^\/dev\/zero: is no plain file/],
  [["measure", "tiny.basin.json", "--weights", "/dev/zero"], /\/dev\/zero: is no plain file/],
  [["run"], /expects an experiment file/],
  [
    ["run", "tiny.basin.json", "--set", "optimizer.learnigRate=3"],
    /--set.*learnigRate[\s\S]*Did you mean "learningRate"/,
  ],
  [["run", "tiny.basin.json", "--runs", "/proc/nothing/runs"], /\/proc\/nothing\/runs: cannot be written/],
  [["run", "tiny.basin.json", "--runs", "tiny.basin.json"], /tiny\.basin\.json: cannot be written/],
  [["measure", "tiny.basin.json", "--weights", "absent.safetensors"], /absent\.safetensors/],
  [["show", "absent"], /absent: is no run/],
  [["frob"], /unknown command "frob"/],
  [["run", "--frob"], /unknown option --frob/],
])("bad input, basin %j: status 2 and a message without a stack trace", (args, message) => {
  const folder = workspace();
  const { status, stdout, stderr } = basin(folder, args);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stdout).toBe("");
  expect(status).toBe(2);
  expect(runsOf(folder)).toEqual([]);
});

test("a mistake in the file is told with file, line, column and key", () => {
  const folder = workspace({ optimizer: { kind: "sgd", learningRate: -1, batchSize: "full" } });
  const { status, stderr } = basin(folder, ["run", "tiny.basin.json"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    /^tiny\.basin\.json:\d+:\d+: optimizer\.learningRate: .*must be a number > 0; found -1/,
  );
});

test("data from a device are refused before anything is read of it", () => {
  const folder = workspace({ data: { source: "npz", file: "/dev/zero" } });
  const { status, stderr } = basin(folder, ["run", "tiny.basin.json"]);
  expect(stderr).toMatch(/\/dev\/zero: is no plain file/);
  expect(status).toBe(2);
});

test("a data file that is cut short is told before a step is taken, naming the file", () => {
  const folder = workspace({
    data: { source: "npz", file: "cut.npz" },
  });
  writeFileSync(join(folder, "cut.npz"), Buffer.from("PK\u0003\u0004 cut short"));
  const { status, stderr } = basin(folder, ["run", "tiny.basin.json"]);
  expect(stderr).toMatch(/cut\.npz/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(status).toBe(2);
});

test("doctor says what works here, also as JSON", () => {
  const { status, stdout } = basin(temporary(), ["doctor", "--json"]);
  expect(status).toBe(0);
  const found = JSON.parse(stdout) as { name: string; state: string }[];
  expect(found.find(({ name }) => /onnx/.test(name))).toMatchObject({ state: "ok" });
});
