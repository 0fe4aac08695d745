// Runs as real processes: started, stopped, killed, resumed, deleted, and what their folders say then.
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  deleteRun,
  listRuns,
  readLog,
  readRun,
  resumeRun,
  runQueue,
  stopRun,
  submit,
} from "../../../src/launchers";
import { holderOf } from "../../../src/record/disk/processes";
import { processStartOf } from "../../../src/record/disk/processTable";
import { ended, pidOf, processes, requests, runsDirOf, startRun, temporary, until } from "./support";

const slow = { FAKE_STEPS: "100000", FAKE_DELAY: "20" };
const training = async (folder: string) => until(async () => (await readRun(folder)).step > 0);

describe("a run as a process", () => {
  test("runs to its end: folder, log, record with verdict", async () => {
    const root = temporary();
    const run = await startRun(root);
    expect(run.id).toMatch(/^\d{8}-\d{6}-fake-lr0\.5-/);
    const record = await ended(run.folder);
    expect(record.exit).toBe(0);
    expect(record).toMatchObject({ folder: run.folder, status: "finished", step: 5, time: 0.05 });
    expect(record.info).toMatchObject({ id: run.id, handle: { on: "local" } });
    expect(record.last["loss.train"]).toBeCloseTo(0.2);
    expect(record.verdict?.verdict).toBe("stable");
    expect(readLog(run.folder)).toBe("started");
    expect(readFileSync(join(root, ".basin", ".gitignore"), "utf8")).toBe("runs/\nlocal.json\n");
  });

  test("a .gitignore that is there stays as it is", async () => {
    const root = temporary();
    mkdirSync(join(root, ".basin"));
    writeFileSync(join(root, ".basin", ".gitignore"), "mine\n");
    await ended((await startRun(root)).folder);
    expect(readFileSync(join(root, ".basin", ".gitignore"), "utf8")).toBe("mine\n");
  });

  test("runs started in the same second get folders of their own", async () => {
    const root = temporary();
    const runs = await Promise.all([1, 2, 3].map(() => startRun(root)));
    await Promise.all(runs.map(({ folder }) => ended(folder)));
    expect(new Set(runs.map(({ folder }) => folder)).size).toBe(3);
    const records = await listRuns(runsDirOf(root));
    expect(records.map(({ status }) => status)).toEqual(["finished", "finished", "finished"]);
    const ids = records.map(({ info }) => info.id);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  test("stop: interrupted, with a verdict; resume goes on and the repeated steps are superseded", async () => {
    const run = await startRun(temporary(), slow);
    await training(run.folder);
    expect((await readRun(run.folder)).status).toBe("running");
    expect(await stopRun(run.folder)).toBe(true);
    const stopped = await ended(run.folder);
    expect(stopped).toMatchObject({ status: "interrupted", exit: 130 });
    expect(stopped.verdict).not.toBeNull();
    await resumeRun({ folder: run.folder, ...processes() });
    const record = await ended(run.folder);
    expect(record).toMatchObject({ status: "finished", step: 5, exit: 0 });
    expect(record.info).toMatchObject({ id: run.id });
    expect(record.info.resumed).toHaveLength(1);
  });

  test("stop now: died, without a verdict; the folder stays readable", async () => {
    const run = await startRun(temporary(), slow);
    await training(run.folder);
    expect(await stopRun(run.folder, "now")).toBe(true);
    expect(await ended(run.folder)).toMatchObject({ status: "died", verdict: null });
    expect(await stopRun(run.folder)).toBe(false);
  });

  test("is running from the first moment, before it has written anything", async () => {
    const root = temporary();
    const run = await startRun(root, { FAKE_SILENT: "400" });
    const [record] = await listRuns(runsDirOf(root));
    expect(record).toMatchObject({ status: "running", step: 0, verdict: null });
    expect(record.info.experiment.name).toBe("fake");
    expect((await ended(run.folder)).status).toBe("died");
  });

  test("is running again from the first moment of a resume", async () => {
    const run = await startRun(temporary(), slow);
    await training(run.folder);
    await stopRun(run.folder);
    await ended(run.folder);
    await resumeRun({ folder: run.folder, ...processes({ FAKE_SILENT: "400" }) });
    expect((await readRun(run.folder)).status).toBe("running");
    expect((await ended(run.folder)).status).toBe("interrupted");
  });

  test.each([
    ["trainLoss", "finished"],
    ["minutes", "finished"],
    ["diverged", "diverged"],
    ["error", "failed"],
  ])("an end by %s reads as %s", async (reason, status) => {
    const run = await startRun(temporary(), { FAKE_REASON: reason });
    expect((await ended(run.folder)).status).toBe(status);
  });

  test("bad input found at run time: its exit status, and its message in the log", async () => {
    const run = await startRun(temporary(), { FAKE_BAD_INPUT: "1" });
    expect(await ended(run.folder)).toMatchObject({ status: "failed", exit: 2 });
    expect(readLog(run.folder)).toBe("data.npz: truncated");
  });

  test("a copied folder is a run of its own, by its name, whatever id is written in it", async () => {
    const root = temporary();
    const run = await startRun(root);
    await ended(run.folder);
    const copy = join(runsDirOf(root), "copied");
    cpSync(run.folder, copy, { recursive: true });
    expect((await readRun(copy)).info.id).toBe("copied");
    await deleteRun(copy);
    expect((await listRuns(runsDirOf(root))).map(({ info }) => info.id)).toEqual([run.id]);
  });
});

describe("who may train in a folder", () => {
  test("of many resumes at once one goes on, the others are refused", async () => {
    const run = await startRun(temporary(), slow);
    await training(run.folder);
    await stopRun(run.folder, "now");
    await ended(run.folder);
    const tries = await Promise.allSettled(
      [1, 2, 3, 4, 5].map(() => resumeRun({ folder: run.folder, ...processes(slow) })),
    );
    expect(tries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of tries)
      if (one.status === "rejected") expect(String(one.reason)).toMatch(/being started|still running/);
    expect(readdirSync(join(run.folder, "processes"))).toEqual(["1.json", "2.json"]);
  });

  test("a run on another machine is unknown until its log grows, and taken over only while it does not", async () => {
    const root = temporary();
    const run = await startRun(root, slow);
    await training(run.folder);
    await stopRun(run.folder, "now");
    await ended(run.folder);
    // A folder that nobody here has seen grow.
    const folder = join(runsDirOf(root), "elsewhere");
    cpSync(run.folder, folder, { recursive: true });
    const log = join(folder, "events.jsonl");
    const elsewhere = {
      pid: process.pid,
      started: "1",
      host: `${hostname()}-other`,
      at: "2026-01-01T00:00:00Z",
    };
    writeFileSync(join(folder, "processes", "1.json"), JSON.stringify(elsewhere));
    expect((await readRun(folder)).status).toBe("unknown");
    await expect(deleteRun(folder)).rejects.toThrow(`may still train on ${elsewhere.host}`);
    const beat = () => writeFileSync(log, `{"kind":"heartbeat","time":1}\n`, { flag: "a" });
    const resumed = resumeRun({
      folder,
      watchSeconds: 1.5,
      onWatch: () => setTimeout(beat, 200),
      ...processes(),
    });
    await expect(resumed).rejects.toThrow(`still running, on ${elsewhere.host}`);
    expect((await readRun(folder)).status).toBe("running");
    // What was seen to live is asked through the folder: no process here is its own.
    await stopRun(folder);
    expect(existsSync(join(folder, "stop"))).toBe(true);
  });

  test("a run that was on another machine and gives no sign of life is taken over", async () => {
    const { folder } = await startRun(temporary(), slow);
    await training(folder);
    await stopRun(folder, "now");
    await ended(folder);
    const elsewhere = { pid: 1, started: "1", host: `${hostname()}-other`, at: "2999-01-01T00:00:00Z" };
    const gone = join(folder, "..", "gone");
    cpSync(folder, gone, { recursive: true });
    writeFileSync(join(gone, "processes", "1.json"), JSON.stringify(elsewhere));
    await resumeRun({ folder: gone, watchSeconds: 0.3, ...processes() });
    expect((await ended(gone)).status).toBe("finished");
  });

  test("a claim with a date in the future, or one that cannot be read, holds nothing for ever", async () => {
    const run = await startRun(temporary(), { FAKE_SILENT: "1" });
    await ended(run.folder);
    const path = join(run.folder, "processes", "1.json");
    writeFileSync(
      path,
      JSON.stringify({ pid: 0, started: "", host: hostname(), at: "2999-01-01T00:00:00Z" }),
    );
    expect((await readRun(run.folder)).status).toBe("died");
    for (const damage of ["", "{", "null", '{"pid":"all","exit":"no"}']) {
      writeFileSync(path, damage);
      expect((await readRun(run.folder)).status, damage).toBe("died");
    }
    await resumeRun({ folder: run.folder, ...processes() });
    expect((await ended(run.folder)).status).toBe("finished");
  });
});

describe("stop", () => {
  test("signals no process that is not certainly this run, whatever the folder says", async () => {
    const run = await startRun(temporary(), { FAKE_SILENT: "1" });
    await ended(run.folder);
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", run.folder]);
    onTestFinished(() => void bystander.kill("SIGKILL"));
    await until(() => (bystander.pid ?? 0) > 0);
    const pid = bystander.pid!;
    const claim = { pid, started: processStartOf(pid), host: hostname(), at: new Date().toISOString() };
    writeFileSync(join(run.folder, "processes", "1.json"), JSON.stringify(claim));
    for (const how of ["ask", "now"] as const) await stopRun(run.folder, how);
    await new Promise((done) => setTimeout(done, 200));
    expect(bystander.signalCode).toBeNull();
    expect(processStartOf(pid)).toBe(claim.started);
  });
});

describe("what a launcher refuses", () => {
  test("a runs folder that cannot be made, naming it", async () => {
    const root = temporary();
    writeFileSync(join(root, ".basin"), "a file in the way");
    const started = startRun(root);
    await expect(started).rejects.toThrow(join(root, ".basin", "runs"));
    await expect(started).rejects.toMatchObject({ name: "UserError" });
  });

  test("to resume or delete a run that trains", async () => {
    const run = await startRun(temporary(), slow);
    await training(run.folder);
    await expect(resumeRun({ folder: run.folder, ...processes() })).rejects.toThrow("still running");
    await expect(deleteRun(run.folder)).rejects.toThrow("still running");
    await stopRun(run.folder);
    await ended(run.folder);
    await deleteRun(run.folder);
    expect(existsSync(run.folder)).toBe(false);
  });

  test("to resume a run that has finished", async () => {
    const run = await startRun(temporary());
    await ended(run.folder);
    await expect(resumeRun({ folder: run.folder, ...processes() })).rejects.toThrow("nothing to resume");
  });

  test("to resume a run whose folder, or its parent, is not there any more", async () => {
    const root = temporary();
    const run = await startRun(root);
    await ended(run.folder);
    await deleteRun(run.folder);
    await expect(resumeRun({ folder: run.folder, ...processes() })).rejects.toThrow(
      `${run.folder}: is not there`,
    );
    const lost = join(root, "gone", "run");
    await expect(resumeRun({ folder: lost, ...processes() })).rejects.toThrow(
      `${join(root, "gone")}: is not there`,
    );
  });

  test("to delete a folder that holds no run", async () => {
    const folder = join(temporary(), "mine");
    mkdirSync(folder);
    await expect(deleteRun(folder)).rejects.toThrow("is not a run folder");
    expect(existsSync(folder)).toBe(true);
  });

  test("a Node that is not there: the run has failed, and the next of its queue is not held up", async () => {
    const root = temporary();
    const [run] = submit(runsDirOf(root), requests(root));
    await runQueue(runsDirOf(root), { ...processes(), execPath: "/nowhere/node" });
    expect(await ended(run.folder)).toMatchObject({ status: "failed", exit: 1 });
    await expect(
      resumeRun({ folder: run.folder, ...processes(), execPath: "/nowhere/node" }),
    ).rejects.toThrow("could not be started");
  });

  test.each(["events.jsonl", "verdict.json", "run.log", "checkpoints", "processes", "stop"])(
    "to write through a link in the place of %s",
    async (name) => {
      const root = temporary();
      const outside = join(root, "outside");
      mkdirSync(outside);
      writeFileSync(join(outside, "file"), "precious");
      const run = await startRun(root, { FAKE_SILENT: "1" });
      await ended(run.folder);
      const place = join(run.folder, name);
      const isFolder = name === "checkpoints" || name === "processes";
      rmSync(place, { recursive: true, force: true });
      symlinkSync(isFolder ? outside : join(outside, "file"), place);
      await expect(resumeRun({ folder: run.folder, ...processes() })).rejects.toThrow(`${place}: is a link`);
      expect(readdirSync(outside)).toEqual(["file"]);
      expect(readFileSync(join(outside, "file"), "utf8")).toBe("precious");
    },
  );
});

test("the process that holds a folder is the one that trains in it", async () => {
  const run = await startRun(temporary(), slow);
  await training(run.folder);
  expect((await readRun(run.folder)).info.handle).toMatchObject({ pid: pidOf(run.folder) });
  expect(holderOf(run.folder)).toMatchObject({ n: 1, host: hostname() });
});
