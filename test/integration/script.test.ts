// Experiments that a Python script trains: started, asked to stop, judged, told of where they fail. The script is plain Python and writes the log itself.
import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { listRuns, readRun, stopRun, stopRuns, type RunRecord } from "../../src/launchers";
import { readSeries } from "../../src/record/disk/readSeries";
import { randomProblem } from "../support/linearModel";
import { factorBytes, writeFactors } from "../support/factorFile";
import { root, temporary } from "../support/runs";

const cli = join(root, "dist", "cli.js");
const fixture = join(root, "test/fixtures/script_peer.py");
const lineOf = (text: string): number =>
  readFileSync(fixture, "utf8")
    .split("\n")
    .findIndex((line) => line.includes(text)) + 1;
const hasPython = spawnSync("python3", ["-c", "1"]).status === 0;

const base = {
  name: "mine",
  trainer: { python: "train.py", args: ["--lr", "${optimizer.learningRate}", "--width=${settings.width}"] },
  optimizer: { learningRate: 0.1, batchSize: 4 },
  settings: { width: 64 },
};

function workspace(more: { readonly what?: string; readonly [key: string]: unknown } = {}) {
  const folder = temporary();
  mkdirSync(join(folder, ".basin"));
  const { what, ...rest } = more;
  const experiment = {
    ...base,
    settings: { ...base.settings, ...(what !== undefined && { what }) },
    ...rest,
  };
  writeFileSync(join(folder, "mine.basin.json"), JSON.stringify(experiment));
  copyFileSync(fixture, join(folder, "train.py"));
  const runsDir = join(folder, ".basin", "runs");
  onTestFinished(async () => {
    await stopRuns(await listRuns(runsDir), "now").catch(() => undefined);
    await until(async () => (await listRuns(runsDir)).every(({ status }) => status !== "running"));
  });
  return { folder, runsDir };
}

async function until(holds: () => boolean | Promise<boolean>, seconds = 40): Promise<void> {
  for (let i = 0; !(await holds()); i++) {
    if (i > 20 * seconds) throw new Error(`It did not come to hold within ${seconds} seconds.`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function basin(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  return { out: stdout, err: stderr, status };
}

/** Starts a run that does not end by itself, and waits until it trains. */
async function training(what: string): Promise<{ run: RunRecord; runsDir: string; folder: string }> {
  const { folder, runsDir } = workspace({ what });
  const child = spawn(process.execPath, [cli, "run", "mine.basin.json"], { cwd: folder, stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await until(async () => (await listRuns(runsDir)).some(({ step }) => step > 3));
  const [run] = await listRuns(runsDir);
  return { run, runsDir, folder };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe.skipIf(!hasPython)("a script", () => {
  test("gets its arguments, its settings and its folder, and its sweep is one run a point, judged at their ends", async () => {
    const { folder, runsDir } = workspace({
      sweep: { "optimizer.learningRate": [0.1, 3], "settings.width": [8] },
    });
    const { status, err } = basin(folder, ["run", "mine.basin.json", "--json"]);
    expect(err).toBe("");
    expect(status).toBe(0);
    const runs = (await listRuns(runsDir)).sort((a, b) => a.info.sweep!.index - b.info.sweep!.index);
    expect(runs.map(({ status: one }) => one)).toEqual(["finished", "finished"]);
    const told = JSON.parse(readFileSync(join(runs[1].folder, "told.json"), "utf8")) as Record<
      string,
      unknown
    >;
    expect(told.args).toEqual(["--lr", "3", "--width=8"]);
    expect(told.cwd).toBe(folder);
    expect(told.settings).toEqual({
      name: "mine",
      optimizer: { learningRate: 3, batchSize: 4 },
      settings: { width: 8 },
      probes: {},
    });
    // 2/λ = 1: what can be said without factors.
    expect(runs.map(({ verdict }) => verdict?.verdict)).toEqual(["inconclusive", "unstable-mean"]);
    expect(runs[0].info.versions.node).toBeDefined();
    expect(runs[0].info.handle).toMatchObject({ on: "local" });
    for (const args of [
      ["list"],
      ["show", "latest"],
      ["verdict", "latest"],
      ["compare", runs[0].info.id, runs[1].info.id],
      ["export", "latest", "--format", "csv"],
    ]) {
      const { status: own, err: said } = basin(folder, args);
      expect(said, args.join(" ")).toBe("");
      expect(own, args.join(" ")).toBe(0);
    }
    for (const args of [
      ["escape", "latest"],
      ["explore", "latest"],
      ["measure", "mine.basin.json", "--set", "optimizer.learningRate=1"],
    ]) {
      const { status: own, err: said } = basin(folder, args);
      expect(said, args[0]).toMatch(/is trained by a script \(train\.py\)/);
      expect(own, args[0]).toBe(2);
    }
  });

  test.each([
    ["raise", 5, /^RuntimeError: out of patience$/, "out of patience"],
    ["early", 0, /^ValueError: shapes differ$/, "shapes differ"],
  ] as const)(
    "that raises (%s) fails with its last line and the line it raised in",
    async (what, step, message, marker) => {
      const { folder, runsDir } = workspace({ what });
      const { status, err } = basin(folder, ["run", "mine.basin.json"]);
      expect(status).toBe(1);
      expect(err).toMatch(new RegExp(marker));
      const [run] = await listRuns(runsDir);
      expect(run.status).toBe("failed");
      const { ended } = readSeries(run.folder);
      expect(ended).toMatchObject({
        step,
        reason: "error",
        error: { file: join(folder, "train.py"), line: lineOf(marker) },
      });
      expect(ended!.error!.message).toMatch(message);
      expect(readFileSync(join(run.folder, "run.log"), "utf8")).toMatch(/Traceback/);
    },
  );

  test("that never calls watch, and one that ends with a status, say so", async () => {
    const { folder, runsDir } = workspace({ what: "silent" });
    expect(basin(folder, ["run", "mine.basin.json"]).err).toMatch(/without calling basin\.watch/);
    expect((await listRuns(runsDir))[0].status).toBe("failed");
    const other = workspace({ what: "exit" });
    expect(basin(other.folder, ["run", "mine.basin.json"]).status).toBe(1);
    const [run] = await listRuns(other.runsDir);
    expect(readSeries(run.folder).ended?.error?.message).toMatch(/status 7/);
  });

  test("that is asked to stop gets an interrupt and is judged; whatever it had started ends with it", async () => {
    const { run } = await training("worker");
    const worker = Number(readFileSync(join(run.folder, "worker"), "utf8"));
    expect(isAlive(worker)).toBe(true);
    expect(await stopRun(run.folder)).toBe(true);
    await until(async () => (await readRun(run.folder)).status === "interrupted");
    expect(isAlive(worker)).toBe(false);
    expect((await readRun(run.folder)).verdict?.verdict).toBe("inconclusive");
  });

  test("that says it ends by itself is given the time", async () => {
    const { run } = await training("polite");
    await stopRun(run.folder);
    await until(async () => (await readRun(run.folder)).status === "interrupted");
    expect(readSeries(run.folder).number("loss.train")).toBe(42);
  });

  test("that heeds nothing is ended at once where that is asked", async () => {
    const { run } = await training("deaf");
    await stopRun(run.folder, "now");
    await until(async () => (await readRun(run.folder)).status !== "running", 15);
    const { step } = await readRun(run.folder);
    await new Promise((done) => setTimeout(done, 400));
    expect((await readRun(run.folder)).step).toBe(step);
  });

  test("goes on from the state it saved, or anew where it saved none", async () => {
    const { folder, runsDir } = workspace({ what: "raise" });
    basin(folder, ["run", "mine.basin.json"]);
    const [{ folder: run, info }] = await listRuns(runsDir);
    basin(folder, ["resume", info.id]);
    const told = (of = run) =>
      JSON.parse(readFileSync(join(of, "told.json"), "utf8")) as { env: Record<string, string | null> };
    expect(told().env).toEqual({
      BASIN_RESUME_FROM: join(run, "checkpoints", "step-5.pt"),
      BASIN_RESUMED: "1",
    });
    expect((await readRun(run)).info.resumed).toMatchObject([{ step: 5 }]);
    rmSync(join(run, "checkpoints"), { recursive: true });
    basin(folder, ["resume", info.id]);
    expect(told().env).toEqual({ BASIN_RESUME_FROM: null, BASIN_RESUMED: "1" });
    expect(readFileSync(join(run, "run.log"), "utf8")).toMatch(/starts anew/);
    const { status } = basin(folder, [
      "branch",
      info.id,
      "--set",
      "optimizer.learningRate=0.2",
      "--set",
      'settings.what="train"',
    ]);
    expect(status).toBe(0);
    const branch = (await listRuns(runsDir))[0];
    expect(branch.info.branchedFrom).toMatchObject({ run: info.id, step: 5 });
    expect(branch.info.experiment.optimizer.learningRate).toBe(0.2);
    expect(branch.status).toBe("finished");
    expect(told(branch.folder).env.BASIN_RESUME_FROM).toBe(join(run, "checkpoints", "step-5.pt"));
  });

  test("is run by the Python that is named, in .basin/local.json before all others", () => {
    const { folder } = workspace();
    expect(basin(folder, ["run", "mine.basin.json"], { BASIN_PYTHON: "/nowhere/python" }).err).toMatch(
      /BASIN_PYTHON names it/,
    );
    writeFileSync(
      join(folder, ".basin", "local.json"),
      JSON.stringify({ trainer: { interpreter: "./mine" } }),
    );
    const { err } = basin(folder, ["run", "mine.basin.json"], { BASIN_PYTHON: "python3" });
    expect(err).toMatch(/\.\/mine.*trainer\.interpreter/s);
    writeFileSync(
      join(folder, "mine"),
      `#!/bin/sh\necho "$@" > "${join(folder, "called")}"\nexec python3 "$@"\n`,
      { mode: 0o755 },
    );
    expect(basin(folder, ["run", "mine.basin.json"], { BASIN_PYTHON: "/nowhere/python" }).status).toBe(0);
    expect(readFileSync(join(folder, "called"), "utf8")).toMatch(/train\.py --lr 0\.1 --width=64/);
  });

  test("whose factors come while it trains is judged by itself", async () => {
    const { run } = await training("long");
    const { n, gram } = randomProblem(8, 3, 1, 4);
    const metadata = {
      n: "8",
      m: "8",
      K: "1",
      B: "4",
      sampling: "epochs",
      dropLast: "true",
      learningRate: "0.1",
      momentum: "0",
      nesterov: "false",
      loss: "mse",
      step: "2",
    };
    writeFactors(run.folder, 2, factorBytes({ gram: { shape: [n, n], data: gram } }, metadata));
    await until(
      () =>
        existsSync(join(run.folder, "judgements.jsonl")) &&
        readSeries(run.folder).number("stability.varianceLimit") !== undefined,
    );
    expect((await readRun(run.folder)).status).toBe("running");
  });
});
