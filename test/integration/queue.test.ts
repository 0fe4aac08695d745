// The queue as several windows and terminals use it at once: real processes, real signals, and runs that only pretend to train.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listRuns, readRun, resumeRun, runQueue, stopRun, stopRuns, submit } from "../../src/launchers";
import { Queue } from "../../src/launchers/queue";
import { work } from "../../src/launchers/worker";
import { holderOf, lifeOf } from "../../src/record/disk/processes";
import { isActive } from "../../src/types/runStatus";
import { ended, processes, requests, runsDirOf, temporary, until } from "../unit/launchers/support";

const brief = { FAKE_STEPS: "20", FAKE_DELAY: "20" };
const endless = { FAKE_STEPS: "100000", FAKE_DELAY: "20" };

/** A sweep in the queue, with its processes; whatever still trains when the test has finished is ended. */
async function sweep(points: number, concurrency: number, fake: Record<string, string>) {
  const root = temporary();
  const runsDir = runsDirOf(root);
  const runs = submit(runsDir, requests(root, { points, concurrency }));
  const how = processes(fake);
  onTestFinished(async () => {
    await stopRuns(runs, "now").catch(() => undefined);
    await until(() => lifeOfWorker(runsDir) !== "alive");
  });
  await runQueue(runsDir, how);
  return { root, runsDir, runs, how };
}

const statuses = async (runsDir: string): Promise<string[]> =>
  (await listRuns(runsDir))
    .sort((a, b) => (a.info.sweep?.index ?? 0) - (b.info.sweep?.index ?? 0))
    .map(({ status }) => status);
const workerOf = (runsDir: string) => holderOf(join(runsDir, ".queue"));
const lifeOfWorker = (runsDir: string) => {
  const holder = workerOf(runsDir);
  return holder ? lifeOf(holder) : "gone";
};
const count = (all: readonly string[], status: string): number => all.filter((one) => one === status).length;
const headersOf = (folder: string): number =>
  readFileSync(join(folder, "events.jsonl"), "utf8").split('"kind":"header"').length - 1;

test("a sweep trains in order, as many at a time as its concurrency says, and says which of how many each is", async () => {
  const { runsDir, runs } = await sweep(6, 2, brief);
  expect((await readRun(runs[4].folder)).info.sweep).toEqual({ id: runs[0].id, index: 5, of: 6 });
  let most = 0;
  for (let now: string[] = ["queued"]; now.some((status) => status !== "finished");) {
    now = await statuses(runsDir);
    most = Math.max(most, count(now, "running"));
    const waiting = now.indexOf("queued");
    if (waiting >= 0) expect(new Set(now.slice(waiting))).toEqual(new Set(["queued"]));
    await new Promise((done) => setTimeout(done, 30));
  }
  expect(most).toBe(2);
  await until(() => lifeOfWorker(runsDir) === "gone");
  expect(readdirSync(runsDir).filter((name) => name.startsWith("."))).toEqual([]);
});

test("however many pump at once, each run is started once, and never one too many", async () => {
  const { runsDir, runs, how } = await sweep(6, 2, brief);
  const others = [1, 2, 3].map(() =>
    spawn(process.execPath, [how.queueScript, runsDir, how.runScript], { env: how.env }),
  );
  onTestFinished(() => others.forEach((child) => void child.kill("SIGKILL")));
  for (let left = 6; left > 0;) {
    await Promise.all([1, 2, 3, 4].map(() => new Queue(runsDir).pump(how)));
    const now = await statuses(runsDir);
    expect(count(now, "running")).toBeLessThanOrEqual(2);
    left = now.filter((status) => status !== "finished").length;
  }
  for (const { folder } of runs) {
    expect(headersOf(folder)).toBe(1);
    expect(readdirSync(join(folder, "processes"))).toEqual(["1.json"]);
  }
});

test("a killed worker takes no run along, and whoever looks next lets the queue go on", async () => {
  const { runsDir, runs, how } = await sweep(4, 1, brief);
  await until(() => lifeOfWorker(runsDir) === "alive");
  process.kill(workerOf(runsDir)!.pid, "SIGKILL");
  await until(async () => !isActive((await readRun(runs[0].folder)).status));
  expect((await readRun(runs[0].folder)).status).toBe("finished");
  const now = await statuses(runsDir);
  expect(count(now, "queued")).toBeGreaterThan(0);
  expect(count(now, "running")).toBeLessThanOrEqual(1);
  await runQueue(runsDir, how);
  await until(async () => (await statuses(runsDir)).every((status) => status === "finished"));
});

test("a run whose launcher died before it started anything still waits, and is started once", async () => {
  const root = temporary();
  const runsDir = runsDirOf(root);
  const [run] = submit(runsDir, requests(root));
  mkdirSync(join(run.folder, "processes"));
  const dead = { pid: 999_999_999, started: "1", host: hostname(), at: "", starting: true };
  writeFileSync(join(run.folder, "processes", "1.json"), JSON.stringify(dead));
  expect((await readRun(run.folder)).status).toBe("queued");
  await Promise.all([1, 2, 3].map(() => runQueue(runsDir, processes())));
  expect((await ended(run.folder)).status).toBe("finished");
  expect(headersOf(run.folder)).toBe(1);
});

test("stopping one point leaves the rest of the sweep to train", async () => {
  const { runs } = await sweep(3, 1, { ...brief, FAKE_DELAY: "60" });
  await until(async () => (await readRun(runs[0].folder)).step > 0);
  expect(await stopRun(runs[0].folder)).toBe(true);
  // A waiting one is taken out of the queue.
  expect(await stopRun(runs[1].folder)).toBe(true);
  expect((await ended(runs[0].folder)).status).toBe("interrupted");
  expect((await readRun(runs[1].folder)).status).toBe("interrupted");
  expect((await ended(runs[2].folder)).status).toBe("finished");
  await resumeRun({ folder: runs[0].folder, ...processes() });
  expect((await ended(runs[0].folder)).status).toBe("finished");
});

test("stopping all leaves nothing that trains or waits", async () => {
  const { runsDir, runs } = await sweep(5, 2, endless);
  await until(async () => (await readRun(runs[1].folder)).step > 0);
  await until(async () => (await readRun(runs[0].folder)).step > 0);
  await stopRuns(runs);
  await until(async () => (await statuses(runsDir)).every((status) => status === "interrupted"));
  await until(() => lifeOfWorker(runsDir) === "gone");
  expect(await statuses(runsDir)).toEqual(Array(5).fill("interrupted"));
});

test("a waiting run that was not queued by this user in this place is shown, and never starts by itself", async () => {
  const root = temporary();
  const runsDir = runsDirOf(root);
  const [run] = submit(runsDir, requests(root));
  const brought = join(runsDir, "20200101-000000-brought");
  cpSync(run.folder, brought, { recursive: true });
  await runQueue(runsDir, processes());
  expect((await ended(run.folder)).status).toBe("finished");
  expect((await readRun(brought)).status).toBe("queued");
  await resumeRun({ folder: brought, ...processes() });
  expect((await ended(brought)).status).toBe("finished");
});

test("a run asked to stop before its process listens ends as interrupted, and is stopped at once where that was asked", async () => {
  for (const how of ["ask", "now"] as const) {
    const root = temporary();
    const [run] = submit(runsDirOf(root), requests(root));
    // The real process: it needs a while before it listens.
    await runQueue(runsDirOf(root), { ...processes(), runScript: resolve("dist/run.js") });
    expect(holderOf(run.folder)).toMatchObject({ n: 1, booting: true });
    expect(await stopRun(run.folder, how)).toBe(true);
    const { status, exit } = await ended(run.folder);
    expect({ status, exit }).toEqual(
      how === "ask" ? { status: "interrupted", exit: 130 } : { status: "died", exit: undefined },
    );
  }
});

test.each(["", "processes"])("the worker claims nothing through a link: .queue/%s", async (inside) => {
  const root = temporary();
  const runsDir = runsDirOf(root);
  const outside = join(root, "outside");
  const claims = inside === "" ? join(outside, "processes") : outside;
  mkdirSync(claims, { recursive: true });
  // Claims of a worker that has gone, which the next one would remove; and somebody's file.
  writeFileSync(join(claims, "1.json"), "{}");
  const place = join(runsDir, ".queue", inside);
  mkdirSync(join(place, ".."), { recursive: true });
  symlinkSync(outside, place);
  const runs = submit(runsDir, requests(root, { points: 2, concurrency: 1 }));
  const how = processes(brief);
  await expect(runQueue(runsDir, how)).rejects.toThrow("is no folder, not written to");
  await expect(work(runsDir, how)).rejects.toThrow("is no folder, not written to");
  expect(readdirSync(claims)).toEqual(["1.json"]);
  await ended(runs[0].folder);
});
