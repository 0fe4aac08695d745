// An untrusted workspace in real VS Code: experiments and runs are looked at, and nothing is run, signalled, deleted or written until it is trusted.
import { spawn, type ChildProcess } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { submit } from "../../src/launchers";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { processStartOf } from "../../src/record/disk/processTable";
import { writeRun } from "../fixtures/writeRun";
import { fileOf, writeExperiments } from "./experiments";
import { stateOf } from "./hostileRuns";
import { writeLongRun } from "./scale";
import { inVsCodeOnPosix, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCodeOnPosix("An untrusted workspace", () => {
  let server: Server;
  let workbench: Workbench;
  let training: ChildProcess;
  let before = "";
  const cache = mkdtempSync(join(tmpdir(), "basin-e2e-cache-"));
  const cacheBefore = process.env.BASIN_CACHE;

  beforeAll(() => {
    // The key of this user's queue is the same here and in VS Code: the run queued below is one that starts by itself.
    process.env.BASIN_CACHE = cache;
    training = spawn("sleep", ["1000"], { stdio: "ignore" });
  });

  afterAll(() => {
    training?.kill("SIGKILL");
    rmSync(cache, { recursive: true, force: true });
    if (cacheBefore === undefined) delete process.env.BASIN_CACHE;
    else process.env.BASIN_CACHE = cacheBefore;
  });

  const own = {
    "git.enabled": false,
    "security.workspace.trust.enabled": true,
    "security.workspace.trust.startupPrompt": "never",
  };
  openVsCode({ settings: own, fill }, (vsCode) => ({ server, workbench } = vsCode));

  /** A judged run, a stopped one, one that trains, one with a log long enough for an index, one that waits. */
  function fill(workspace: string): void {
    writeExperiments(workspace);
    const runs = join(workspace, ".basin", "runs");
    const file = join(workspace, fileOf("steady"));
    const write = (kind: "edge" | "empty", learningRate: number) =>
      writeRun(runs, kind, { file, steps: 100, learningRate, id: `20260101-000000-${learningRate}` });
    write("edge", 0.011);
    const end = JSON.stringify({ kind: "end", step: 50, time: 1, reason: "interrupted" });
    appendFileSync(join(write("empty", 0.012), "events.jsonl"), `${end}\n`);
    const claims = join(write("empty", 0.013), "processes");
    mkdirSync(claims);
    const pid = training.pid!;
    const claim = { pid, started: processStartOf(pid) ?? "", host: hostname(), at: "" };
    writeFileSync(join(claims, "1.json"), JSON.stringify(claim));
    writeLongRun({ workspace }, 20_000, 0.014);
    const waiting = join(workspace, fileOf("tooFast"));
    const [{ experiment, overrides }] = checkExperiment(readFileSync(waiting, "utf8"), waiting, {}).points;
    submit(runs, [{ experiment, file: waiting, overrides }]);
    before = stateOf(workspace);
  }

  const row = (learningRate: number) => workbench.treeRow(`η ${learningRate},`);
  const refused = () => workbench.notification(/untrusted workspace/);
  const clear = async () => {
    await workbench.command("Notifications: Clear All Notifications");
    await refused().waitFor({ state: "detached" });
  };

  test("experiments and runs are listed, and a run is shown with its verdict", async () => {
    await workbench.statusBar.getByText("Restricted Mode").waitFor();
    await workbench.showTree();
    await row(0.011).filter({ hasText: "edge of stability" }).waitFor();
    await row(0.012).filter({ hasText: "stopped" }).waitFor();
    await row(0.013).filter({ hasText: "step 0" }).waitFor();
    await row(0.3).filter({ hasText: "queued" }).waitFor();
    await row(0.011).click();
    const panel = workbench.panel();
    await panel.banner.filter({ hasText: "edge of stability" }).waitFor();
    await row(0.014).click();
    await expect.poll(() => panel.step(), { timeout: 60_000 }).toBe(9999);
  });

  test("Run, Resume, Stop and Delete say why they do nothing, or are not offered", async () => {
    const panel = workbench.panel();
    await row(0.012).click();
    await panel.button("Resume").click();
    await refused().waitFor();
    await clear();
    await row(0.013).click();
    await panel.button("Stop").click();
    await refused().waitFor();
    await clear();
    expect(await workbench.offeredBy(row(0.012))).toEqual([
      "Open Panel",
      "Compare Runs",
      "Open Run File",
      "Open Run Folder",
      "Copy as CLI Command",
    ]);
    await workbench.openFile(fileOf("exploding"));
    await workbench.lens("▶ Run").click();
    await refused().waitFor();
    await clear();
    await workbench.command("Basin: Open Dashboard");
    const dashboard = workbench.dashboard();
    await dashboard.control("optimizer.learningRate").waitFor();
    expect(await dashboard.control("optimizer.learningRate").isEnabled()).toBe(true);
    // The toolkit's button holds the one that the browser knows.
    const run = dashboard.button("Run").locator("button");
    await expect.poll(() => run.isDisabled(), { timeout: 20_000 }).toBe(true);
    await workbench.closeAll();
    const offered = await workbench.commandsLike("Basin:");
    expect(offered).toContain("Basin: Open Panel");
    expect(
      offered.filter((title) =>
        /Run Experiment|Run with|Stop|Resume|Delete|Clean|Branch|Escape|New|Get/.test(title),
      ),
    ).toEqual([]);
  });

  test("nothing was written, started or signalled, and the queue stood still", async () => {
    await row(0.3).filter({ hasText: "queued" }).waitFor();
    expect(stateOf(server.workspace)).toBe(before);
    expect(processesIn(server.workspace)).toEqual([]);
    expect([training.exitCode, training.signalCode]).toEqual([null, null]);
  });

  test("once the workspace is trusted its queue goes on", async () => {
    await workbench.command("Workspaces: Manage Workspace Trust");
    await workbench.page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ }).click();
    await row(0.3)
      .filter({ hasText: /unstable|diverged/ })
      .waitFor();
  });
});

/** Command lines of Basin's processes that work in a folder. */
function processesIn(folder: string): string[] {
  const lines = readdirSync("/proc").flatMap((pid) => {
    try {
      return /^\d+$/.test(pid) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8")] : [];
    } catch {
      return [];
    }
  });
  return lines.filter((line) => /dist\/(run|queue|cli)\.js/.test(line) && line.includes(folder));
}
