// What a busy cluster does to runs: one makes way for another job and goes on behind it, others wait for what never comes.
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { JobPoll, listRuns, stopRuns } from "../../src/launchers";
import { isActive } from "../../src/types/runStatus";
import { hasSlurm } from "../support/slurm/cluster";
import { basin, onCluster, until, workspaceOf } from "../support/slurm/onCluster";

const submitted = async (slurm: object) => {
  const { folder, runsDir } = workspaceOf({
    data: { source: "spirals", classes: 2 },
    model: { kind: "mlp", hidden: [8] },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.05 },
    closing: { seconds: 1 },
    // Nothing but the one that it writes when it leaves.
    checkpoints: { every: 10_000_000 },
    stop: { steps: 10_000_000 },
    launch: { on: "slurm", slurm },
  });
  expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
  return { folder, runsDir };
};

describe.skipIf(!hasSlurm)("on a busy cluster", () => {
  onCluster({
    nodes: 1,
    conf: [
      "PreemptType=preempt/partition_prio",
      "PreemptMode=CANCEL",
      "PartitionName=urgent Nodes=n1 PriorityTier=10 PreemptMode=OFF State=UP",
      "PartitionName=short Nodes=n1 MaxTime=1 State=UP",
      "PartitionName=closed Nodes=n1 State=DOWN",
    ],
  });

  test("a run that is preempted writes a checkpoint, waits, and goes on where it was", async () => {
    const { runsDir } = await submitted({ cpus: 2 });
    const poll = new JobPoll();
    const [before] = await until(runsDir, poll, ([one]) => one.step > 100);
    execFileSync("sbatch", [
      "--partition=urgent",
      "--cpus-per-task=2",
      "--output=/dev/null",
      "--wrap",
      "sleep 2",
    ]);
    const [after] = await until(
      runsDir,
      poll,
      ([one]) => one.info.resumed.length > 0 && one.step > one.info.resumed[0].step,
    );
    expect(after.info.resumed).toHaveLength(1);
    expect(after.info.resumed[0].step).toBeGreaterThanOrEqual(before.step);
    await until(runsDir, poll, ([one]) => /^on n1 .*requeued once$/.test(one.place?.says ?? ""));
    await stopRuns(await listRuns(runsDir), "now");
    await until(runsDir, poll, ([one]) => !isActive(one.status));
  }, 200_000);

  test("a job that never starts says that it cannot, and why; it is taken out of the queue", async () => {
    const reasons = await Promise.all(
      [{ partition: "closed" }, { partition: "short", time: "5" }].map(async (slurm) => {
        const { folder, runsDir } = await submitted(slurm);
        const poll = new JobPoll();
        const [run] = await until(
          runsDir,
          poll,
          ([one]) => one.place?.says.startsWith("cannot start") ?? false,
        );
        expect(run.status).toBe("queued");
        expect((await basin(folder, "list")).out).toContain(run.place!.says);
        expect((await basin(folder, "stop", "all")).status).toBe(0);
        expect((await listRuns(runsDir)).map(({ status }) => status)).toEqual(["interrupted"]);
        return run.place!.says;
      }),
    );
    expect(reasons).toEqual([
      "cannot start: the partition is down",
      "cannot start: its time is above the partition's limit",
    ]);
    expect(execFileSync("squeue", ["--me", "-h", "-t", "pending"], { encoding: "utf8" })).toBe("");
  }, 200_000);
});
