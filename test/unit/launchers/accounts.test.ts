// How a job ended that Slurm's controller has forgotten: by its accounts, in the words that sacct(1) lists, and by the run's own log where there are none.
import { appendFileSync, chmodSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { runTable } from "../../../src/cli/list";
import { styleFor } from "../../../src/cli/show/text";
import { JobPoll, listRuns, submit } from "../../../src/launchers";
import { ownClaim, takeClaim } from "../../../src/record/disk/processes";
import { requests, runsDirOf, temporary } from "./support";

const disk = vi.hoisted(() => ({ isFull: false }));
vi.mock(import("../../../src/record/disk/files"), async (original) => {
  const files = await original();
  return {
    ...files,
    writeAtomic: (path: string, bytes: string | Uint8Array) => {
      // The cache lies elsewhere.
      if (disk.isFull && path.includes(join(".basin", "runs")))
        throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      files.writeAtomic(path, bytes);
    },
  };
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  return () => vi.useRealTimers();
});

/** One look, and what could not be kept of it; the accounts are asked five seconds after the queue, here at once. */
async function look(env: NodeJS.ProcessEnv, runsDir: string): Promise<string | null> {
  let looking = true;
  const poll = new JobPoll(env);
  const done = poll.look(await listRuns(runsDir)).finally(() => (looking = false));
  while (looking) {
    await vi.advanceTimersByTimeAsync(1000);
    await new Promise((next) => setImmediate(next));
  }
  await done;
  return poll.problem;
}

/** A cluster that has forgotten every job, with what its `sacct` does. */
function clusterWith(sacct: string) {
  const bin = temporary();
  for (const [name, text] of Object.entries({ squeue: "exit 0", sacct })) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text.replaceAll("$HERE", bin)}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return { bin, env: { PATH: bin, SLURM_CONF: bin } };
}

const header = (id: string) =>
  `${JSON.stringify({ kind: "header", schema: 1, id, name: "a", parameters: 1, examples: 1, outputs: 1, engine: "", probes: [] })}\n`;
const end = `${JSON.stringify({ kind: "end", step: 5, time: 1, reason: "steps" })}\n`;

/** Runs that train as jobs 101, 102, …; of those in `ended` the log has an end. */
function jobsOf(count: number, ended: readonly number[] = []) {
  const folder = temporary();
  const runs = submit(runsDirOf(folder), requests(folder, { points: count }));
  runs.forEach((run, i) => {
    mkdirSync(join(run.folder, "checkpoints"));
    takeClaim(run.folder, null, ownClaim({ on: "slurm", job: String(101 + i) }));
    appendFileSync(join(run.folder, "events.jsonl"), `${header(run.id)}${ended.includes(i) ? end : ""}`);
  });
  return runsDirOf(folder);
}

const inOrder = async (runsDir: string) =>
  (await listRuns(runsDir)).sort((a, b) => a.info.sweep!.index - b.info.sweep!.index);

const endings = [
  ["COMPLETED", "died", "its job is done, and its log has no end"],
  ["FAILED", "died", "its process failed"],
  ["TIMEOUT", "died", "reached its time limit"],
  ["CANCELLED by 1000", "interrupted", "cancelled by user 1000"],
  ["NODE_FAIL", "died", "its node failed"],
  ["OUT_OF_MEMORY", "died", "took more memory than its job asked for"],
  ["PREEMPTED", "died", "made way for another job"],
  ["DEADLINE", "died", "reached its deadline"],
  ["BOOT_FAIL", "died", "its node did not start"],
] as const;

describe.skipIf(process.platform === "win32")("a job that squeue lists no more", () => {
  test("has ended as sacct says, in words, by one call for all of them", async () => {
    const lines = endings.map(([state], i) => `echo '${101 + i}|${state}'`).join("\n");
    const { bin, env } = clusterWith(`printf '%s\\n' "$*" >> $HERE/asked\n${lines}`);
    const runsDir = jobsOf(endings.length);
    await look(env, runsDir);
    const runs = await inOrder(runsDir);
    expect(runs.map(({ status, place }) => [status, place?.says])).toEqual(
      endings.map(([, status, says]) => [status, says]),
    );
    const names = endings.map((_, i) => String(101 + i));
    const [call, ...others] = readFileSync(join(bin, "asked"), "utf8").trim().split("\n");
    expect(others).toEqual([]);
    expect(call).toMatch(/^-n -P -X -o JobID,State -j /);
    expect(call.split(" ").at(-1)!.split(",").sort()).toEqual(names);
    // A terminal says it below its list.
    const text = runTable(runs, styleFor(false));
    for (const [i, [, , says]] of endings.entries())
      expect(text).toContain(`${runs[i].info.id}: ${says} (job ${names[i]})`);
  });

  test("has finished where its own log says so, whatever the accounts say, and needs no word of theirs", async () => {
    const { env } = clusterWith("echo '101|FAILED'");
    const runsDir = jobsOf(2, [0, 1]);
    await look(env, runsDir);
    expect((await inOrder(runsDir)).map(({ status, place }) => [status, place])).toEqual([
      ["finished", null],
      ["finished", null],
    ]);
  });

  test("has not ended while the accounts say that it runs or waits", async () => {
    const { env } = clusterWith("echo '101|RUNNING'\necho '102|REQUEUED'");
    const runsDir = jobsOf(2);
    await look(env, runsDir);
    for (const { status } of await inOrder(runsDir)) expect(status).toBe("unknown");
  });

  test("where the disk of the runs is full, that is said, and how they ended is kept once there is room", async () => {
    const { env } = clusterWith("echo '101|OUT_OF_MEMORY'");
    const runsDir = jobsOf(1);
    disk.isFull = true;
    const problem = await look(env, runsDir).finally(() => (disk.isFull = false));
    expect(problem).toMatch(/disk is full \(ENOSPC\).*Make room/);
    const elsewhere = { ...env, SLURM_CONF: `${env.SLURM_CONF}/again` };
    expect(await look(elsewhere, runsDir)).toBeNull();
    const [run] = await listRuns(runsDir);
    expect(run.place?.says).toBe("took more memory than its job asked for");
  });

  test("a database that does not answer is asked again, a cluster that keeps no accounts is not; the log decides", async () => {
    const down =
      "sacct: error: slurm_persist_conn_open_without_init: failed to open persistent connection to host:localhost:6819: Connection refused";
    const off = "Slurm accounting storage is disabled";
    let { bin, env } = clusterWith("");
    const calls = async (says: string) => {
      ({ bin, env } = clusterWith(`echo x >> $HERE/asked\necho '${says}' >&2\nexit 1`));
      writeFileSync(join(bin, "asked"), "");
      const runsDir = jobsOf(2, [1]);
      await look(env, runsDir);
      const runs = await inOrder(runsDir);
      expect(runs.map(({ status, place }) => [status, place?.says])).toEqual([
        ["died", "its job ended"],
        ["finished", undefined],
      ]);
      return readFileSync(join(bin, "asked"), "utf8").split("\n").length - 1;
    };
    expect(await calls(down)).toBe(1);
    expect(await calls(off)).toBe(1);
    expect(await calls(off)).toBe(0);
  });
});

test("where what Slurm said cannot be looked at, the runs are listed all the same", async () => {
  const runsDir = jobsOf(1);
  writeFileSync(join(runsDir, "slurm"), "no folder");
  const [run] = await listRuns(runsDir);
  expect([run.status, run.place?.job]).toEqual(["unknown", "101"]);
});

test("where Slurm says that a job runs, and its run's files are minutes older than that word, it gives no sign of life, to whoever looks once too", async () => {
  const runsDir = jobsOf(2);
  mkdirSync(join(runsDir, "slurm"));
  const job = { state: "RUNNING", life: "running", reason: "", nodes: "n7", left: "", restarts: 0 };
  writeFileSync(
    join(runsDir, "slurm", "jobs.json"),
    JSON.stringify({ schema: 1, jobs: { 101: job, 102: job } }),
  );
  // By the disk's clock, whatever this machine's says.
  const [asked, silent, heard] = [1e9, 1e9 - 121, 1e9 - 119];
  const age = (path: string, at: number) => utimesSync(path, at, at);
  age(join(runsDir, "slurm", "jobs.json"), asked);
  const runs = await inOrder(runsDir);
  for (const { folder } of runs)
    for (const name of ["events.jsonl", "processes"]) age(join(folder, name), silent);
  // The second has a process that has just begun.
  age(join(runs[1].folder, "processes"), heard);
  const told = (await inOrder(runsDir)).map(({ status, place }) => [status, place?.says]);
  expect(told).toEqual([
    ["unknown", "no sign of life from n7"],
    ["running", "on n7"],
  ]);
});
