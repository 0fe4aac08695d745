// Nodes that fail under their runs: one dies with all that ran on it, one hangs. What is said of the runs meanwhile, and how they go on.
import { execFileSync } from "node:child_process";
import { describe, expect, test, vi } from "vitest";
import { JobPoll, stopRuns, type RunRecord } from "../../src/launchers";
import { holderOf } from "../../src/record/disk/processes";
import { isActive } from "../../src/types/runStatus";
import { hasHosts, hasSlurm } from "../support/slurm/cluster";
import { basin, onCluster, until, workspaceOf } from "../support/slurm/onCluster";

vi.mock("vscode", () => ({
  TreeItem: class {},
  ThemeIcon: class {},
  ThemeColor: class {},
  TreeItemCheckboxState: {},
}));
const { runItem } = await import("../../src/extension/views/treeItems");

/** What a row of the tree says of a run. */
const told = (run: RunRecord): string =>
  String(runItem(run, { label: "", isTicked: false, command: { title: "", command: "" } }).description);

async function submitted(slurm: object) {
  const { folder, runsDir } = workspaceOf({
    data: { source: "spirals", classes: 2 },
    model: { kind: "mlp", hidden: [8] },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.05 },
    closing: { seconds: 1 },
    probes: { sharpness: { every: 5000 } },
    checkpoints: { every: 20_000 },
    stop: { steps: 10_000_000 },
    launch: { on: "slurm", slurm: { cpus: 2, ...slurm } },
  });
  expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
  const poll = new JobPoll();
  return {
    folder,
    /** The run, once something holds of it. */
    once: async (holds: (run: RunRecord) => boolean): Promise<RunRecord> =>
      (await until(runsDir, poll, ([run]) => holds(run)))[0],
  };
}

const nodeOf = (run: RunRecord): string => /^on (n\d)/.exec(run.place?.says ?? "")?.[1] ?? "";
const isOnItsWay = (run: RunRecord): boolean => run.step > 20_000 && nodeOf(run) !== "";

describe.skipIf(!hasSlurm)("on a cluster whose nodes fail", () => {
  const cluster = onCluster({ nodes: 3, hosts: hasHosts });

  test("a run whose node dies waits and goes on elsewhere from its checkpoint; one that may not be requeued has ended, and both say why", async () => {
    const [goesOn, ends] = await Promise.all([submitted({}), submitted({ requeues: 0 })]);
    const [before, last] = await Promise.all([goesOn.once(isOnItsWay), ends.once(isOnItsWay)]);
    const thirdNode = (state: string) =>
      execFileSync("scontrol", ["update", "nodename=n3", `state=${state}`, "reason=test"]);
    // It would soon go on, on the third, sooner than anybody sees it wait.
    thirdNode("drain");
    cluster().failNode(nodeOf(before));
    cluster().failNode(nodeOf(last));

    const gone = await ends.once(({ status }) => !isActive(status));
    expect([gone.status, gone.place?.says]).toEqual(["died", "its node failed"]);
    expect((await basin(ends.folder, "list")).out).toMatch(/ died [^]*: its node failed \(job \d+\)/);
    expect(told(gone)).toMatch(/^process gone · its node failed · /);

    const waits = await goesOn.once(({ place }) =>
      /^waits for nodes .*requeued once$/.test(place?.says ?? ""),
    );
    expect([waits.status, waits.place!.says]).toEqual([
      "queued",
      "waits for nodes that are down, drained or reserved · requeued once",
    ]);
    expect((await basin(goesOn.folder, "list")).out).toContain(waits.place!.says);
    expect(told(waits)).toBe(`queued · ${waits.place!.says}`);

    thirdNode("resume");
    const after = await goesOn.once(({ info, step }) => info.resumed.length > 0 && step > before.step);
    // Nothing told it: it has what it wrote last.
    expect(after.info.resumed).toHaveLength(1);
    expect(after.info.resumed[0].step % 20_000).toBe(0);
    expect(after.info.resumed[0].step).toBeGreaterThanOrEqual(20_000);
    const elsewhere = await goesOn.once((run) => nodeOf(run) !== "");
    expect(nodeOf(elsewhere)).not.toBe(nodeOf(before));
    expect(elsewhere.place!.says).toMatch(/requeued once$/);
    await stopRuns([elsewhere]);
    const ended = await goesOn.once(({ status }) => !isActive(status));
    expect([ended.status, ended.verdict !== null]).toEqual(["interrupted", true]);
  }, 300_000);

  test("a run that gives no sign of life is said not to, and of which node, and is followed on once it does", async () => {
    const { once } = await submitted({});
    const before = await once(isOnItsWay);
    const { pid } = holderOf(before.folder)!;
    process.kill(pid, "SIGSTOP");
    try {
      const silent = await once(({ status }) => status === "unknown");
      expect(silent.place!.says).toBe(`no sign of life from ${nodeOf(before)}`);
      expect(told(silent)).toMatch(/^not heard of · no sign of life from n\d · /);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    const after = await once(({ status, step }) => status === "running" && step > before.step);
    expect(after.info.resumed).toEqual([]);
    expect(nodeOf(after)).toBe(nodeOf(before));
    await stopRuns([after]);
    await once(({ status }) => !isActive(status));
  }, 300_000);
});
