// A sweep on a real Slurm of this machine from real VS Code: refused in words, submitted from the palette, watched in the tree, one point cancelled, one stopped, all ended.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { holderOf } from "../../src/record/disk/processes";
import { jobName } from "../../src/record/jobs";
import { hasSlurm } from "../support/slurm/cluster";
import { onCluster } from "../support/slurm/onCluster";
import { inVsCodeOnPosix, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

if (!hasSlurm) console.log("Skipped the scenarios of Slurm: it is not installed here.");
const inVsCode = hasSlurm ? inVsCodeOnPosix : describe.skip;

const rates = Array.from({ length: 12 }, (_, i) => (i + 1) / 100);
const experiment = {
  data: { source: "chebyshev", degree: 3, examples: 12, testExamples: 20 },
  model: { kind: "mlp", hidden: [20], activation: "tanh" },
  loss: "mse",
  optimizer: { kind: "sgd", learningRate: 0.05, batchSize: "full" },
  // Each trains until it is stopped.
  stop: { minutes: 20 },
  closing: { seconds: 1 },
  probes: { sharpness: { every: 1000 } },
};
const launch = { on: "local", concurrency: 2, slurm: { requeues: 0 } };

/** What a row of the tree says of a run at this learning rate. */
const row = (rate: number, says = ""): RegExp => new RegExp(`η ${rate}, full batch.*${says}`);

inVsCode("Slurm in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  // Before VS Code, which is to find the cluster's commands.
  onCluster({ nodes: 2 });
  const { shot } = openVsCode({ fill }, (vsCode) => ({ server, workbench } = vsCode));

  function fill(workspace: string): void {
    mkdirSync(workspace, { recursive: true });
    const write = (name: string, more: object) =>
      writeFileSync(
        join(workspace, `${name}.basin.json`),
        JSON.stringify({ name, ...experiment, ...more }, null, 2),
      );
    write("swept", { sweep: { "optimizer.learningRate": rates }, launch });
    write("nowhere", { launch: { ...launch, slurm: { partition: "nowhere" } } });
  }

  const runsDir = () => join(server.workspace, ".basin", "runs");
  const folders = () =>
    readdirSync(runsDir())
      .map((name) => join(runsDir(), name))
      .filter((folder) => existsSync(join(folder, "run.json")));
  const queue = (...states: string[]) =>
    execFileSync("squeue", ["--me", "-h", "-r", "-t", states.join(), "-o", "%F_%K"], { encoding: "utf8" })
      .split("\n")
      .filter(Boolean);
  function jobOf(rate: number): string {
    const folder = folders().find(
      (one) =>
        JSON.parse(readFileSync(join(one, "run.json"), "utf8")).overrides["optimizer.learningRate"] === rate,
    );
    const handle = folder && holderOf(folder)?.handle;
    return handle && handle.on === "slurm" ? jobName(handle) : "";
  }
  async function runOnSlurm(name: string): Promise<void> {
    await workbench.openFile(`${name}.basin.json`);
    await workbench.command("Basin: Run on Slurm");
    await workbench.quickInputAsking("Experiment to run on Slurm").waitFor();
    await workbench.pick(name);
  }

  test("what Slurm refuses is said in words before anything is made", async () => {
    await runOnSlurm("nowhere");
    await workbench.notification(/Slurm knows no such partition/).waitFor();
    expect(existsSync(runsDir())).toBe(false);
  });

  test("a sweep of 12 is submitted as an array; the tree says on which nodes two of it train, and why the others wait", async () => {
    await runOnSlurm("swept");
    await workbench.showTree();
    await workbench.treeRow(row(0.01, "step \\d+ · on n\\d")).waitFor();
    await workbench.treeRow(row(0.02, "step \\d+ · on n\\d")).waitFor();
    await workbench.treeRow(row(0.12, "queued, 12 of 12 · waits")).waitFor();
    await shot("slurm tree");
    expect(folders()).toHaveLength(12);
    expect(queue("RUNNING")).toHaveLength(2);
    expect(queue("PENDING")).toHaveLength(10);
    // That of the icon beside may still be in the way.
    const tooltip = async () => (await workbench.tooltip(workbench.treeRow(row(0.01)))).innerText();
    await expect.poll(tooltip, { timeout: 20_000 }).toMatch(/job \d+_0: on n\d/);
  });

  test("a point that waits is cancelled: it leaves the queue, and the others stay", async () => {
    await workbench.choose(workbench.treeRow(row(0.12)), "Stop Run");
    await workbench.treeRow(row(0.12, "stopped")).waitFor();
    expect(queue("PENDING")).not.toContain(jobOf(0.12));
    expect(queue("PENDING")).toHaveLength(9);
  });

  test("a point that trains is stopped with its verdict, and the next one takes its place", async () => {
    await workbench.choose(workbench.treeRow(row(0.01)), "Stop Run");
    await workbench.treeRow(row(0.03, "step \\d+ · on n\\d")).waitFor();
    const first = folders().find((folder) => existsSync(join(folder, "verdict.json")));
    expect(JSON.parse(readFileSync(join(first!, "run.json"), "utf8")).overrides).toEqual({
      "optimizer.learningRate": 0.01,
    });
    expect(queue("RUNNING", "PENDING")).not.toContain(jobOf(0.01));
  });

  test("all of it is stopped by one command, also after the window was reloaded", async () => {
    await workbench.reload();
    await workbench.showTree();
    await workbench.treeRow(row(0.02, "step \\d+ · on n\\d")).waitFor();
    await workbench.command("Basin: Stop All Runs");
    await workbench.treeRow(row(0.11, "stopped")).waitFor();
    await expect.poll(() => queue("RUNNING", "PENDING"), { timeout: 60_000 }).toEqual([]);
    await expect
      .poll(() => workbench.treeRow(row(0.02)).innerText(), { timeout: 60_000 })
      .not.toMatch(/step \d+/);
    await shot("slurm stopped");
  });
});
