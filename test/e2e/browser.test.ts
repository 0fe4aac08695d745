// Basin in the extension host of a browser, as at vscode.dev: recorded runs are looked at through the workspace's own file system, and nothing runs or is written.
import { execFileSync } from "node:child_process";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun, type FixtureKind } from "../fixtures/writeRun";
import { fileOf, writeExperiments } from "./experiments";
import { stateOf } from "./hostileRuns";
import { writeLongRun } from "./scale";
import { inVsCodeOnPosix, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCodeOnPosix("A browser without Node", () => {
  let server: Server;
  let workbench: Workbench;
  let before = "";

  openVsCode(
    {
      settings: { "git.enabled": false, "remote.extensionKind": { "basin.basin": ["web"] } },
      fill: (workspace) => {
        fill(workspace);
        before = stateOf(workspace);
      },
    },
    (vsCode) => ({ server, workbench } = vsCode),
  );

  /** Runs recorded on another machine, in a subfolder of this workspace: judged ones, a stopped one, one with a long log, and two that are traps. */
  function fill(workspace: string): void {
    const thesis = join(workspace, "thesis");
    writeExperiments(thesis);
    const runs = join(thesis, ".basin", "runs");
    const record = (learningRate: number, kind: FixtureKind = "edge"): string =>
      writeRun(runs, kind, {
        file: `/home/somebody/work/thesis/${fileOf("steady")}`,
        steps: 100,
        learningRate,
        batchSize: "full",
        id: `20260101-000000-${learningRate}`,
      });
    record(0.05, "unstable");
    record(0.011);
    writeFileSync(
      join(record(0.012, "empty"), "events.jsonl"),
      '{"kind":"end","step":50,"time":1,"reason":"interrupted"}\n',
    );
    const fifo = join(record(0.013), "run.json");
    rmSync(fifo);
    execFileSync("mkfifo", [fifo]);
    const linked = join(record(0.014), "events.jsonl");
    rmSync(linked);
    symlinkSync("/etc/passwd", linked);
    writeLongRun({ workspace: thesis }, 20_000, 0.015);
  }

  const row = (learningRate: number) => workbench.treeRow(`η ${learningRate},`);

  test("runs recorded elsewhere are listed under their experiment, damaged ones as damaged", async () => {
    await workbench.showTree();
    await row(0.05).filter({ hasText: "unstable: too sharp" }).waitFor();
    await row(0.011).filter({ hasText: "edge of stability" }).waitFor();
    await row(0.012).filter({ hasText: "stopped" }).waitFor();
    await row(0.014).filter({ hasText: "is a link" }).waitFor();
    await row(0.015).filter({ hasText: "edge of stability" }).waitFor();
    await workbench.treeRow("20260101-000000-0.013").filter({ hasText: "no plain file" }).waitFor();
    expect(await workbench.treeRow("file is gone").count()).toBe(0);
  });

  test("it is the browser that runs Basin", async () => {
    const line = workbench.line("this window has no disk and no processes");
    // What is picked while the list of runs still comes may be lost, as for any user: pick again.
    const shown = async (): Promise<boolean> => {
      await workbench.command("Basin: Show Log");
      return line.waitFor({ timeout: 10_000 }).then(
        () => true,
        () => false,
      );
    };
    await expect.poll(shown, { timeout: 60_000 }).toBe(true);
    await workbench.hideBottom();
  });

  test("a run opens in the panel: charts, verdict, and where its numbers come from", async () => {
    await workbench.showTree();
    await row(0.05).click();
    const panel = workbench.panel();
    await panel.banner.filter({ hasText: "above" }).waitFor();
    await panel.chart("sharpness").waitFor();
    await panel.showNumbers();
    await panel.metric("sharpness").click();
    await expect.poll(() => panel.details.innerText()).toContain("λmax");
    await workbench.page.keyboard.press("Escape");
  });

  test("a long log is read when its run is opened", async () => {
    await row(0.015).click();
    await expect.poll(() => workbench.panel().step(), { timeout: 60_000 }).toBe(9999);
  });

  test("the file says what its runs found, and offers nothing that would run", async () => {
    await workbench.openFile(fileOf("steady"));
    await workbench.lens("latest run").waitFor();
    await workbench.hint("⟨limit").waitFor();
    expect(await workbench.lens("▶ Run").count()).toBe(0);
    await workbench.lens("Sharpness against its limit").click();
    await workbench.inlineMark(/✗/).waitFor();
    await workbench.inlinePanel.locator("img").first().waitFor();
    expect(await workbench.inlinePanel.getByText(/Use 0|Branch from here/).count()).toBe(0);
    await workbench.showProblems();
    await workbench.problem("above").waitFor();
  });

  test("commands that would run or write are not there, and a button that would says why not", async () => {
    const offered = await workbench.commandsLike("Basin:");
    expect(offered).toContain("Basin: Open Panel");
    expect(
      offered.filter((title) =>
        /Run Exp|Run with|Stop|Resume|Delete|Clean|Branch|Escape|New|Get|Doctor|CLI/.test(title),
      ),
    ).toEqual([]);
    await workbench.showTree();
    expect(await workbench.offeredBy(row(0.012))).toEqual([
      "Open Panel",
      "Compare Runs",
      "Open Run File",
      "Open Run Folder",
    ]);
    await row(0.012).click();
    await workbench.panel().button("Resume").click();
    await workbench.notification(/no disk and no processes/).waitFor();
  });

  test("nothing was written", () => {
    expect(stateOf(server.workspace)).toBe(before);
  });
});
