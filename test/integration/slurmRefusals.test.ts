// What a cluster and its disk refuse, by their own words and errors: a quota, a disk that is full before a job and one that fills under it.
import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { JobPoll, listRuns } from "../../src/launchers";
import { isActive } from "../../src/types/runStatus";
import { temporary } from "../support/runs";
import { hasSlurm } from "../support/slurm/cluster";
import { basin, onCluster, until, workspaceOf } from "../support/slurm/onCluster";

const experiment = {
  data: { source: "spirals", classes: 2 },
  model: { kind: "mlp", hidden: [8] },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05 },
  closing: { seconds: 1 },
  stop: { steps: 20 },
};
const submission = (slurm: object, more: object = {}) =>
  workspaceOf({ ...experiment, launch: { on: "slurm", slurm: { requeues: 0, ...slurm } }, ...more });

/** A file system of so many bytes over a folder, until the test has finished. @returns whether there can be one here. */
function smallDisk(folder: string, bytes: number): boolean {
  mkdirSync(folder, { recursive: true });
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  if (status === 0) onTestFinished(() => void spawnSync("umount", ["-l", folder]));
  return status === 0;
}
/** Leaves no byte free. */
function fill(folder: string): string {
  const path = join(folder, "full");
  const block = Buffer.alloc(4096);
  try {
    for (;;) appendFileSync(path, block);
  } catch {
    return path;
  }
}
const canMount =
  process.platform === "linux" &&
  spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", temporary()]).status === 0;

describe.skipIf(!hasSlurm)("on a cluster that gives little", () => {
  onCluster({ nodes: 1 });

  test.skipIf(!canMount)(
    "a disk that is full where runs are kept is said at the submission, and nothing is submitted",
    async () => {
      const { folder, runsDir } = submission({});
      expect(smallDisk(runsDir, 2 ** 18)).toBe(true);
      const blocks = fill(runsDir);
      const { err, status } = await basin(folder, "run", "a.basin.json");
      expect(err).toMatch(
        /cannot be written \(the disk is full, ENOSPC\)[^]*Make room, or name another folder/,
      );
      expect(status).toBe(2);
      expect(execFileSync("squeue", ["--me", "-h"], { encoding: "utf8" })).toBe("");
      rmSync(blocks);
      expect((await basin(folder, "run", "a.basin.json")).status).toBe(0);
      const runs = await until(runsDir, new JobPoll(), (all) => all.every((one) => !isActive(one.status)));
      expect(runs.map((one) => one.status)).toContain("finished");
    },
    200_000,
  );

  test.skipIf(!canMount)(
    "a disk that fills under a run is said in the list and to whoever watches; once there is room, how the run ended is kept",
    async () => {
      const { folder, runsDir } = submission({}, { stop: { steps: 10_000_000 }, checkpoints: { every: 50 } });
      expect(smallDisk(runsDir, 2 ** 18)).toBe(true);
      expect((await basin(folder, "run", "a.basin.json")).status).toBe(0);
      let poll = new JobPoll();
      await until(runsDir, poll, () => poll.problem !== null);
      expect(poll.problem).toMatch(/^The disk is full \(ENOSPC\).*Make room\.$/);
      // What the run let go of when it ended is a few bytes that the list might find.
      const blocks = fill(runsDir);
      const { err } = await basin(folder, "list");
      const [run] = await listRuns(runsDir);
      // Of a run that had room in its log's last block to say how it ended nobody asks Slurm any more.
      if (isActive(run.status)) expect(err).toContain("Make room");
      else expect(run.status).toBe("failed");
      const checkpoints = join(run.folder, "checkpoints");
      for (const path of [blocks, ...readdirSync(checkpoints).map((name) => join(checkpoints, name))])
        rmSync(path);
      poll = new JobPoll();
      const [ended] = await until(runsDir, poll, ([one]) => !isActive(one.status));
      // Where the log's last block had room for it, the run has said itself how it ended.
      const ways = [
        ["died", "its process failed"],
        ["failed", undefined],
      ];
      expect(ways).toContainEqual([ended.status, ended.place?.says]);
      expect(poll.problem).toBeNull();
    },
    200_000,
  );
});

describe.skipIf(!hasSlurm)("on a cluster that takes two jobs an hour", () => {
  onCluster({
    nodes: 1,
    conf: [
      "JobSubmitPlugins=throttle",
      "SchedulerParameters=batch_sched_delay=0,sched_interval=5,bf_interval=5,jobs_per_user_per_hour=2",
    ],
  });

  test("a quota that is reached is said before anything is made", async () => {
    // Each submission counts twice: Slurm is asked first whether it would take the job.
    const taken = submission({});
    expect((await basin(taken.folder, "run", "a.basin.json")).err).toBe("");
    const refused = submission({});
    const { err, status } = await basin(refused.folder, "run", "a.basin.json");
    expect(err).toMatch(
      /no more jobs may be submitted: a quota is reached \([^]*jobs per hour[^]*squeue --me/,
    );
    expect([status, existsSync(refused.runsDir)]).toEqual([2, false]);
  }, 100_000);
});
