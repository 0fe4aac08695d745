// Basin's other pages in real VS Code: the view in the bottom panel, which follows the file being edited.
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun } from "../fixtures/writeRun";
import { fileOf, writeExperiments } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Workbench } from "./workbench";

inVsCode("Views in VS Code", () => {
  let workbench: Workbench;
  openVsCode({ fill }, (vsCode) => ({ workbench } = vsCode));

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
    for (const id of ["fractions", "loss"]) await view.chart(id).locator("canvas").first().waitFor();
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
  });
});
