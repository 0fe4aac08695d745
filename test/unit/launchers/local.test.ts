// Runs as real processes: started, stopped, killed, resumed, deleted, and what their folders say then.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deleteRun, listRuns, readLog, readRun, resumeRun, startRun, stopRun } from "../../../src/launchers";
import { options, runScript, temporary, until } from "./support";

const slow = { FAKE_STEPS: "100000", FAKE_DELAY: "20" };
const training = async (folder: string) => until(async () => (await readRun(folder)).step > 0);

describe("a run as a process", () => {
  test("runs to its end: folder, log, record with verdict", async () => {
    const root = temporary();
    const run = await startRun(options(root));
    expect(run.id).toMatch(/^\d{8}-\d{6}-fake-lr0\.5-/);
    expect(await run.exited).toEqual({ code: 0 });
    const record = await readRun(run.folder);
    expect(record).toMatchObject({ folder: run.folder, status: "finished", step: 5, time: 0.05 });
    expect(record.info).toMatchObject({ id: run.id, pid: run.pid });
    expect(record.last["loss.train"]).toBeCloseTo(0.2);
    expect(record.verdict?.verdict).toBe("stable");
    expect(readLog(run.folder)).toBe("started");
    expect(readFileSync(join(root, ".basin", ".gitignore"), "utf8")).toBe("runs/\n");
  });

  test("a .gitignore that is there stays as it is", async () => {
    const root = temporary();
    mkdirSync(join(root, ".basin"));
    writeFileSync(join(root, ".basin", ".gitignore"), "mine\n");
    await (
      await startRun(options(root))
    ).exited;
    expect(readFileSync(join(root, ".basin", ".gitignore"), "utf8")).toBe("mine\n");
  });

  test("runs started in the same second get folders of their own", async () => {
    const root = temporary();
    const runs = await Promise.all([1, 2, 3].map(() => startRun(options(root))));
    await Promise.all(runs.map(({ exited }) => exited));
    expect(new Set(runs.map(({ folder }) => folder)).size).toBe(3);
    const records = await listRuns(options(root).runsDir);
    expect(records.map(({ status }) => status)).toEqual(["finished", "finished", "finished"]);
    const ids = records.map(({ info }) => info.id);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  test("SIGTERM: interrupted, with a verdict; resume goes on and the repeated steps are superseded", async () => {
    const root = temporary();
    const run = await startRun(options(root, slow));
    await training(run.folder);
    expect((await readRun(run.folder)).status).toBe("running");
    expect(await stopRun(run.folder)).toBe(true);
    expect(await run.exited).toEqual({ code: 130 });
    const stopped = await readRun(run.folder);
    expect(stopped.status).toBe("interrupted");
    expect(stopped.verdict).not.toBeNull();
    const again = await resumeRun({ folder: run.folder, runScript, detached: false });
    expect(again.id).toBe(run.id);
    expect(await again.exited).toEqual({ code: 0 });
    const record = await readRun(run.folder);
    expect(record).toMatchObject({ status: "finished", step: 5 });
    expect(record.info.resumed).toHaveLength(1);
  });

  test("SIGKILL: died, without a verdict; the folder stays readable", async () => {
    const root = temporary();
    const run = await startRun(options(root, slow));
    await training(run.folder);
    expect(await stopRun(run.folder, "SIGKILL")).toBe(true);
    expect(await run.exited).toEqual({ code: 137 });
    expect(await readRun(run.folder)).toMatchObject({ status: "died", verdict: null });
    expect(await stopRun(run.folder)).toBe(false);
  });

  test("is running from the first moment, before it has written anything", async () => {
    const root = temporary();
    const run = await startRun(options(root, { FAKE_SILENT: "400" }));
    const [record] = await listRuns(options(root).runsDir);
    expect(record).toMatchObject({ status: "running", step: 0, verdict: null });
    expect(record.info.experiment.name).toBe("fake");
    await run.exited;
    expect((await readRun(run.folder)).status).toBe("died");
  });

  test("is running again from the first moment of a resume", async () => {
    const root = temporary();
    const run = await startRun(options(root, slow));
    await training(run.folder);
    await stopRun(run.folder);
    await run.exited;
    const env = { ...process.env, FAKE_SILENT: "400" };
    const again = await resumeRun({ folder: run.folder, runScript, detached: false, env });
    expect((await readRun(run.folder)).status).toBe("running");
    await again.exited;
    expect((await readRun(run.folder)).status).toBe("interrupted");
  });

  test.each([
    ["trainLoss", "finished"],
    ["minutes", "finished"],
    ["diverged", "diverged"],
    ["error", "failed"],
  ])("an end by %s reads as %s", async (reason, status) => {
    const run = await startRun(options(temporary(), { FAKE_REASON: reason }));
    await run.exited;
    expect((await readRun(run.folder)).status).toBe(status);
  });

  test("bad input found at run time: its exit status, and its message in the log", async () => {
    const run = await startRun(options(temporary(), { FAKE_BAD_INPUT: "1" }));
    expect(await run.exited).toEqual({ code: 2 });
    expect(readLog(run.folder)).toBe("data.npz: truncated");
  });

  test("a detached run ends like any other", async () => {
    const run = await startRun({ ...options(temporary()), detached: true });
    expect(await run.exited).toEqual({ code: 0 });
  });
});

describe("what a launcher refuses", () => {
  test("a runs folder that cannot be made, naming it", async () => {
    const root = temporary();
    writeFileSync(join(root, ".basin"), "a file in the way");
    const started = startRun(options(root));
    await expect(started).rejects.toThrow(join(root, ".basin", "runs"));
    await expect(started).rejects.toMatchObject({ name: "UserError" });
  });

  test("to resume or delete a run that trains", async () => {
    const run = await startRun(options(temporary(), slow));
    await training(run.folder);
    await expect(resumeRun({ folder: run.folder, runScript, detached: false })).rejects.toThrow(
      "still running",
    );
    await expect(deleteRun(run.folder)).rejects.toThrow("still running");
    await stopRun(run.folder);
    await run.exited;
    await deleteRun(run.folder);
    expect(existsSync(run.folder)).toBe(false);
  });

  test("to resume a run that has finished", async () => {
    const run = await startRun(options(temporary()));
    await run.exited;
    await expect(resumeRun({ folder: run.folder, runScript, detached: false })).rejects.toThrow(
      "nothing to resume",
    );
  });

  test("to delete a folder that holds no run", async () => {
    const folder = join(temporary(), "mine");
    mkdirSync(folder);
    await expect(deleteRun(folder)).rejects.toThrow("is not a run folder");
    expect(existsSync(folder)).toBe(true);
  });

  test("a Node that is not there", async () => {
    await expect(startRun({ ...options(temporary()), execPath: "/nowhere/node" })).rejects.toThrow(
      "could not be started",
    );
  });
});
