// Runs on a real Slurm of this machine: submitted as arrays, watched, cancelled, killed, out of time, and its controller restarted in between.
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { JobPoll, listRuns, stopRuns, stopRun, type RunRecord } from "../../src/launchers";
import { holderOf } from "../../src/record/disk/processes";
import { isActive } from "../../src/types/runStatus";
import { hasSlurm } from "../support/slurm/cluster";
import { basin, cli, jobOf, onCluster, until, workspaceOf } from "../support/slurm/onCluster";
import { tensorsOf } from "../support/runs";

const exec = promisify(execFile);

/** A small net whose runs differ by their seed. */
const experiment = {
  data: { source: "spirals", classes: 2 },
  model: { kind: "mlp", hidden: [8] },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05 },
  closing: { seconds: 1 },
  probes: { sharpness: { every: 25 } },
};
const seeds = (count: number) => Array.from({ length: count }, (_, i) => i);

const workspace = (more: object) => workspaceOf({ ...experiment, ...more });

const finalTheta = (folder: string) => {
  const dir = join(folder, "checkpoints");
  const step = Math.max(...readdirSync(dir).map((name) => Number(/\d+/.exec(name)![0])));
  const tensors = tensorsOf(join(dir, `step-${step}.safetensors`));
  return { step, theta: new Map([...tensors].filter(([name]) => /^\d+\./.test(name))) };
};

describe.skipIf(!hasSlurm)("on Slurm", () => {
  const cluster = onCluster({ largestArray: 64 });

  test("a run that is signalled as before its time limit goes on, requeued, to the same θ as one that is never interrupted", async () => {
    // Slurm looks at time limits every half minute, and may do so too late for a fast machine: the signal that it would send comes from here.
    const long = workspace({
      stop: { steps: 80_000 },
      checkpoints: { every: 1_000_000 },
      launch: { on: "slurm", slurm: { time: "1", warning: 50 } },
    });
    expect((await basin(long.folder, "run", "a.basin.json")).err).toBe("");

    const alone = workspace({
      stop: { steps: 80_000 },
      checkpoints: { every: 1_000_000 },
    });
    const uninterrupted = basin(alone.folder, "run", "a.basin.json");

    const [started] = await until(long.runsDir, new JobPoll(), ([one]) => one.step > 0);
    execFileSync("scancel", ["--batch", "--signal=USR2", jobOf(started)]);
    const [run] = await until(long.runsDir, new JobPoll(), ([one]) => !isActive(one.status));
    expect(run.status).toBe("finished");
    expect(run.info.resumed.length).toBeGreaterThanOrEqual(1);
    expect(run.info.handle).toMatchObject({ on: "slurm" });
    await uninterrupted;
    const [reference] = await listRuns(alone.runsDir);
    expect(reference.info.resumed).toEqual([]);
    expect(finalTheta(run.folder)).toEqual(finalTheta(reference.folder));
    expect(run.last.sharpness).toBe(reference.last.sharpness);
    process.stdout.write(
      `Requeued ${run.info.resumed.length} times; steps ${run.info.resumed.map(({ step }) => step).join(", ")}.\n`,
    );
  }, 900_000);

  test("a sweep of 12 is watched through a cancel, a killed process and a restart of the scheduler", async () => {
    const { folder, runsDir } = workspace({
      stop: { steps: 2000 },
      sweep: { seed: seeds(12) },
      launch: { on: "slurm", concurrency: 2, slurm: { memory: "100MB", requeues: 0 } },
    });
    const { out, err, status } = await basin(folder, "run", "a.basin.json");
    expect(err).toBe("");
    expect(status).toBe(0);
    expect(out).toMatch(/^Submitted 12 runs to Slurm: job \d+; batch scripts in .basin\/runs\/slurm\./);
    const poll = new JobPoll();

    // Watched: two at most train at a time, the others say why they wait.
    let runs = await until(runsDir, poll, (all) => all.some(({ status: one }) => one === "running"));
    expect(runs).toHaveLength(12);
    const waiting = runs.filter(({ status: one }) => one === "queued");
    expect(waiting.length).toBeGreaterThanOrEqual(9);
    const reason = /waits for its turn in the sweep|waits|others come first/;
    // A job that has just come has none until the scheduler has looked at it.
    await until(runsDir, poll, (all) =>
      all.some(({ status: one, place }) => one === "queued" && reason.test(place?.says ?? "")),
    );

    // One that waits is cancelled: nothing of it is left in the queue, and the others go on.
    const last = waiting.find(({ info }) => info.sweep!.index === 12)!;
    expect(await stopRun(last.folder)).toBe(true);
    const listed = execFileSync("squeue", ["-h", "-r", "-t", "all", "-o", "%F_%K %T"], { encoding: "utf8" });
    expect(listed).not.toMatch(new RegExp(`^${jobOf(last)} (PENDING|RUNNING)`, "m"));

    // The process of one is killed on its node.
    runs = await until(runsDir, poll, (all) =>
      all.some(({ status: one, step }) => one === "running" && step > 0),
    );
    const victim = runs.find(({ status: one, step }) => one === "running" && step > 0)!;
    process.kill(holderOf(victim.folder)!.pid, "SIGKILL");

    cluster().restartController();

    let most = 0;
    runs = await until(runsDir, poll, (all) => {
      most = Math.max(most, all.filter(({ status: one }) => one === "running").length);
      return all.every(({ status: one }) => !isActive(one));
    });
    // One that has just ended may be seen beside the one that follows it.
    expect(most).toBeLessThanOrEqual(3);
    const statusOf = (run: RunRecord) => runs.find((one) => one.folder === run.folder)!.status;
    expect(statusOf(last)).toBe("interrupted");
    expect(statusOf(victim)).toBe("died");
    expect(runs.find((one) => one.folder === victim.folder)!.place?.says).toBe("its process failed");
    const others = runs.filter((run) => run.folder !== last.folder && run.folder !== victim.folder);
    expect(others.map(({ status: one }) => one)).toEqual(others.map(() => "finished"));
    expect(others.every(({ verdict }) => verdict !== null)).toBe(true);
    expect(readdirSync(others[0].folder).some((name) => /^slurm-\d+_\d+\.log$/.test(name))).toBe(true);
  }, 900_000);

  test("200 points are split over arrays at the cluster's limit, one after another, and stopped by one call", async () => {
    const { folder, runsDir } = workspace({
      stop: { steps: 10_000_000 },
      sweep: { seed: seeds(200) },
      launch: { on: "slurm", concurrency: 2, slurm: { requeues: 0 } },
    });
    const { err } = await basin(folder, "run", "a.basin.json");
    expect(err).toBe("");
    const scripts = readdirSync(join(runsDir, "slurm")).filter((name) => name.endsWith(".sh"));
    expect(scripts).toHaveLength(4);
    const jobs = execFileSync("squeue", ["--me", "-h", "-r", "-o", "%F_%K %T %E"], { encoding: "utf8" });
    const lines = jobs.trim().split("\n");
    expect(lines).toHaveLength(200);
    expect(new Set(lines.map((line) => line.split("_")[0])).size).toBe(4);
    // 136 = 200 − 64 wait for the array before theirs.
    expect(lines.filter((line) => line.includes("afterany"))).toHaveLength(136);

    const poll = new JobPoll();
    const asked = cluster().asked().length;
    const started = performance.now();
    await until(runsDir, poll, (all) => all.some(({ status }) => status === "running"));
    const seconds = (performance.now() - started) / 1000;
    const calls = cluster().asked().length - asked;
    expect(calls).toBeLessThanOrEqual(seconds / 5 + 1);
    process.stdout.write(`200 runs were watched for ${seconds.toFixed(0)} s by ${calls} calls of squeue.\n`);

    await stopRuns(await listRuns(runsDir), "now");
    const runs = await until(runsDir, poll, (all) => all.every(({ status }) => !isActive(status)));
    expect(runs).toHaveLength(200);
    expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(["interrupted"]));
  }, 900_000);

  test("what Slurm refuses is refused before anything is made, in words", async () => {
    const refusal = async (slurm: object, more: object = {}) => {
      const { folder, runsDir } = workspace({ stop: { steps: 5 }, launch: { on: "local", slurm }, ...more });
      const { err, status } = await basin(folder, "run", "a.basin.json", "--on", "slurm");
      expect(status).toBe(2);
      expect(existsSync(runsDir)).toBe(false);
      return err;
    };
    expect(await refusal({ partition: "nowhere" })).toMatch(
      /knows no such partition[^]*launch\.slurm\.partition/,
    );
    expect(await refusal({ cpus: 500 })).toMatch(/no node has what the job asks for/);
    expect(await refusal({ nodes: 2 })).toMatch(/Basin's own trainer works on one/);
    expect(await refusal({ args: ["--array=0-9"] })).toMatch(/gives --array=0-9[^]*launch\.concurrency/);
    expect(await refusal({ args: ["--constraint=fast"] })).toMatch(/no node has such a feature/);
    expect(await refusal({ args: ["--bogus"] })).toMatch(/sbatch does not know an option/);
    const { folder } = workspace({ stop: { steps: 5 } });
    const elsewhere = { ...process.env, PATH: "/nowhere" };
    const { stderr } = await exec(process.execPath, [cli, "run", "a.basin.json", "--on", "slurm"], {
      cwd: folder,
      env: elsewhere,
    }).catch((error: { stderr: string }) => error);
    expect(stderr).toMatch(/sbatch` was not found on this machine[^]*--on local/);
  }, 300_000);

  test("several windows and terminals together ask at most once in five seconds", async () => {
    // All of this file's looks, those of the command line among them, went through one gate.
    const gaps = cluster()
      .asked()
      .sort((a, b) => a - b);
    const own = gaps.slice(1).map((at, i) => at - gaps[i]);
    expect(own.length).toBeGreaterThan(3);
    const { folder, runsDir } = workspace({
      stop: { steps: 1_000_000 },
      launch: { on: "slurm", slurm: { requeues: 0 } },
    });
    await basin(folder, "run", "a.basin.json");
    const start = Date.now() / 1000;
    const polls = seeds(8).map(() => new JobPoll());
    while (Date.now() / 1000 - start < 16) {
      const runs = await listRuns(runsDir);
      await Promise.all(polls.map((poll) => poll.look(runs)));
      await new Promise((done) => setTimeout(done, 200));
    }
    const times = cluster()
      .asked()
      .filter((at) => at >= start);
    expect(times.length).toBeGreaterThanOrEqual(2);
    // The shim's clock is read before the call, ours after it.
    for (let i = 1; i < times.length; i++) expect(times[i] - times[i - 1]).toBeGreaterThan(4.9);
    await stopRuns(await listRuns(runsDir), "now");
    expect(
      readFileSync(
        join(
          runsDir,
          "slurm",
          readdirSync(join(runsDir, "slurm")).find((n) => n.endsWith(".sh"))!,
        ),
        "utf8",
      ),
    ).toMatch(/^#!\/bin\/bash/);
  }, 300_000);
});
