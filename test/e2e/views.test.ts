// Basin's views in real VS Code: the one in the bottom panel, which follows the file being edited, and how all of them name runs and times.
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun } from "../fixtures/writeRun";
import { fileOf, writeExperiments } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCode("Views in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  const { shot } = openVsCode({ fill }, (vsCode) => ({ server, workbench } = vsCode));

  /** One file has a judged run, the others none. */
  function fill(workspace: string): void {
    writeExperiments(workspace);
    const runs = join(workspace, ".basin", "runs");
    writeRun(runs, "unstable", { file: join(workspace, fileOf("exploding")), steps: 400 });
  }

  test("the view shows the run of the file being edited, and goes with it to another file", async () => {
    const view = workbench.currentRun();
    await workbench.openFile(fileOf("exploding"));
    await workbench.command("Basin: Focus on Current Run View");
    await view.banner.filter({ hasText: "Unstable" }).waitFor();
    for (const id of ["fractions", "loss"]) await view.picture(id);
    await workbench.openFile(fileOf("endless"));
    await view
      .find(".nothing")
      .filter({ hasText: `No run of ${fileOf("endless")} yet` })
      .waitFor();
    await workbench.openFile(fileOf("exploding"));
    await view.banner.filter({ hasText: "Unstable" }).waitFor();
  });

  test("a click on its chart opens the run in the panel", async () => {
    const view = workbench.currentRun();
    await view.chart("loss").locator(".u-over").click();
    await workbench.tab("Basin: demo").waitFor();
    await workbench.panel().banner.filter({ hasText: "Unstable" }).waitFor();
    await workbench.closeAll();
  });

  test("a run started there is followed live until it is stopped there; while hidden nothing is read for it", async () => {
    const view = workbench.currentRun();
    await workbench.openFile(fileOf("endless"));
    await view.find(".nothing vscode-button").click();
    await view.status.filter({ hasText: "training" }).waitFor();
    await workbench.showTree();
    const tooltip = await workbench.tooltip(workbench.treeRow("η 0.01"));
    expect(await tooltip.innerText()).toMatch(/training[^]*learning rate 0\.01 · batch full/);
    await expect.poll(() => view.step(), { timeout: 30_000 }).toBeGreaterThan(0);
    const before = await view.step();
    await expect.poll(() => view.step(), { timeout: 30_000 }).toBeGreaterThan(before);
    await workbench.closeAll();
    await workbench.command("View: Hide Panel");
    await view.status.waitFor({ state: "detached" });
    await workbench.command("Basin: Focus on Current Run View");
    const again = workbench.currentRun({ only: true });
    await expect.poll(() => again.step(), { timeout: 30_000 }).toBeGreaterThan(before);
    await again.button("Stop").click();
    await again.status.filter({ hasText: "stopped" }).waitFor();
    await workbench.command("View: Hide Panel");
  });

  test("the panel names its run, and another one is found by name, verdict or time", async () => {
    await workbench.command("Basin: Open Panel");
    const panel = workbench.panel();
    await panel.picker.filter({ hasText: "endless: η 0.01, full batch" }).waitFor();
    await panel.picker.click();
    const search = workbench.quickInputAsking("Run to show");
    await search.waitFor();
    await shot("picker");
    await search.fill("unstable");
    const row = workbench.page.locator(".quick-input-list .monaco-list-row");
    await row.filter({ hasText: /demo: η 0\.1, B 4.*unstable: too sharp/ }).waitFor();
    await expect.poll(() => row.count()).toBe(1);
    await row.click();
    await panel.picker.filter({ hasText: "demo: η 0.1, B 4" }).waitFor();
    await panel.banner.filter({ hasText: "Unstable" }).waitFor();
    await workbench.closeAll();
  });

  test("how long ago a run started stays true wherever it is said", async () => {
    const created = new Date(Date.now() - 90_000).toISOString();
    const file = join(server.workspace, fileOf("steady"));
    const id = "20991231-000000-recent";
    writeRun(join(server.workspace, ".basin", "runs"), "edge", { file, learningRate: 0.05, created, id });
    await workbench.openFile(fileOf("steady"));
    await workbench.showTree();
    await workbench.lens(/edge of stability/).click();
    const panel = workbench.panel();
    for (const words of ["1 min ago", "2 min ago"]) {
      await workbench.lens(new RegExp(`edge of stability.*${words}`)).waitFor();
      await workbench.treeRow(new RegExp(`η 0\\.05.*${words}`)).waitFor();
      // Its spaces do not break.
      const started = new RegExp(`started ${words}`.replaceAll(" ", "\\s"));
      await panel.progress.filter({ hasText: started }).waitFor();
    }
  });
});
