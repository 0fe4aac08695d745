// A cluster that keeps accounts, a real slurmdbd over MariaDB: an account that is missing, quotas, and how jobs ended that the controller has forgotten.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { JobPoll, listRuns, stopRuns } from "../../src/launchers";
import { holderOf } from "../../src/record/disk/processes";
import { isActive } from "../../src/types/runStatus";
import { hasAccounts } from "../support/slurm/cluster";
import { basin, jobOf, onCluster, until, workspaceOf } from "../support/slurm/onCluster";

const seeds = (count: number) => ({ sweep: { seed: Array.from({ length: count }, (_, i) => i) } });

/** Trains until it is stopped, where `more` does not say otherwise; each run takes a node. */
const workspace = (more: object = {}) =>
  workspaceOf({
    data: { source: "spirals", classes: 2 },
    model: { kind: "mlp", hidden: [8] },
    loss: "mse",
    optimizer: { kind: "sgd", learningRate: 0.05 },
    closing: { seconds: 1 },
    stop: { steps: 10_000_000 },
    launch: { on: "slurm", concurrency: 3, slurm: { cpus: 2, requeues: 0 } },
    ...more,
  });

const manage = (...words: string[]) => execFileSync("sacctmgr", ["-i", ...words], { stdio: "ignore" });
const limit = (what: string) => manage("modify", "user", "root", "account=physics", "set", what);
const listed = () =>
  execFileSync("squeue", ["--me", "-h", "-r", "-t", "all", "-o", "%F_%K"], { encoding: "utf8" });

describe.skipIf(!hasAccounts)("on a cluster that keeps accounts", () => {
  const cluster = onCluster({ nodes: 2, hosts: true, accounts: true, forgetsAfter: 2 });

  test("who has no account is told so, and how to name one; named so, the job is taken", async () => {
    manage("delete", "user", "root", "account=root");
    const { folder, runsDir } = workspace({ stop: { steps: 20 } });
    const { err, status } = await basin(folder, "run", "a.basin.json");
    expect(err).toMatch(/Slurm needs an account that you may use there[^]*"args": \["--account=NAME"\]/);
    expect([status, existsSync(runsDir)]).toEqual([2, false]);
    const named = { launch: { slurm: { args: ["--account=physics"] } } };
    writeFileSync(join(folder, ".basin", "local.json"), JSON.stringify(named));
    expect(await basin(folder, "run", "a.basin.json")).toMatchObject({ err: "", status: 0 });
    const [run] = await until(runsDir, new JobPoll(), ([one]) => !isActive(one.status));
    expect(run.status).toBe("finished");
    manage("add", "user", "root", "account=root");
    manage("modify", "user", "root", "set", "defaultaccount=physics");
  }, 200_000);

  test("more jobs than the quota are refused, and those above what may run at once say what they wait for", async () => {
    limit("MaxSubmitJobs=2");
    const many = workspace(seeds(3));
    const { err, status } = await basin(many.folder, "run", "a.basin.json");
    expect(err).toMatch(/no more jobs may be submitted: a quota is reached \([^]*squeue --me/);
    expect(status).toBe(2);
    limit("MaxSubmitJobs=-1");
    limit("MaxJobs=1");
    const { folder, runsDir } = workspace(seeds(2));
    expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
    const runs = await until(runsDir, new JobPoll(), (all) =>
      all.some(({ place }) => place?.says === "you run as many jobs as your quota allows"),
    );
    expect(runs.map(({ status: one }) => one).sort()).toEqual(["queued", "running"]);
    await stopRuns(runs, "now");
    limit("MaxJobs=-1");
  }, 200_000);

  test("how jobs ended that could not say so, and that the controller has forgotten, is asked of the accounts", async () => {
    const { folder, runsDir } = workspace(seeds(3));
    expect((await basin(folder, "run", "a.basin.json")).err).toBe("");
    const runs = await until(
      runsDir,
      new JobPoll(),
      (all) => all.filter(({ step }) => step > 0).length === 2,
    );
    const [killed, onFailed] = runs.filter(({ step }) => step > 0);
    const waiting = runs.find(({ step }) => step === 0)!;
    execFileSync("scancel", [jobOf(waiting)]);
    process.kill(holderOf(killed.folder)!.pid, "SIGKILL");
    cluster().failNode(onFailed.info.machine.host);
    // Nobody looks meanwhile.
    while (listed() !== "") await new Promise((done) => setTimeout(done, 1000));

    const ended = await until(runsDir, new JobPoll(), (all) => all.every((one) => !isActive(one.status)));
    const told = (run: { folder: string }) => {
      const { status, place } = ended.find((one) => one.folder === run.folder)!;
      return [status, place?.says];
    };
    expect(told(killed)).toEqual(["died", "its process failed"]);
    expect(told(onFailed)).toEqual(["died", "its node failed"]);
    expect(told(waiting)).toEqual(["interrupted", "cancelled by user 0"]);
    const { out } = await basin(folder, "list");
    for (const words of ["its process failed", "its node failed", "cancelled by user 0"])
      expect(out).toContain(words);
    expect(await listRuns(runsDir)).toHaveLength(3);
  }, 400_000);
});
