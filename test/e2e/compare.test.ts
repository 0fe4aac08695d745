// Runs over one another in real VS Code: ticked in the table or a list, one colour each that stays, along any axis, normalized; no run is taken away by what else happens.
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun } from "../fixtures/writeRun";
import { ComparePage } from "./comparePage";
import { fileOf, writeExperiments } from "./experiments";
import { RunsTable } from "./runsTable";
import { graveFindings } from "./examine";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

const most = 20;

inVsCode("Runs over one another in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  let page: ComparePage;
  const { shot } = openVsCode({ fill }, (vsCode) => {
    ({ server, workbench } = vsCode);
    page = new ComparePage(workbench.page);
  });

  /** More runs than there are colours, all at the edge of stability, each at its own learning rate. */
  function fill(workspace: string): void {
    writeExperiments(workspace);
    for (let i = 1; i <= most + 1; i++) addRun(workspace, i);
  }

  function addRun(workspace: string, i: number): void {
    const id = `20260301-0000${String(i).padStart(2, "0")}-edge`;
    const file = join(workspace, fileOf("tooFast"));
    writeRun(join(workspace, ".basin", "runs"), "edge", {
      file,
      steps: 500 + 50 * i,
      learningRate: 0.02 * i,
      id,
    });
  }

  test("twenty runs are chosen from a list, and every line chart draws all of them", async () => {
    await workbench.openFile(fileOf("tooFast"));
    await workbench.lens("▶ Run").waitFor();
    await workbench.command("Basin: Compare Runs");
    await workbench.tickAll("Runs to draw over one another");
    await workbench.tick("η 0.42,");
    await workbench.page.keyboard.press("Enter");
    await workbench.tab("Compare Runs").waitFor();
    for (const id of ["loss", "sharpness", "fractions"]) await page.drawn(id, most);
    expect(await page.runs.count()).toBe(most);
    await shot("compare");
  });

  test("normalized, they all end on 1, along η·step as well", async () => {
    await page.find("vscode-checkbox.normal").click();
    await page.find('select[aria-label^="Lay runs"]').selectOption("rateTime");
    await page.chart("sharpness").getByText("fraction of each run's own limit").waitFor();
    const ends = [...(await page.said("sharpness")).matchAll(/[A-T] (\d+(?:\.\d+)?)/g)].map(([, value]) =>
      Number(value),
    );
    expect(ends).toHaveLength(most);
    for (const end of ends) expect(Math.abs(end - 1)).toBeLessThan(0.06);
    await shot("compare-normalized");
  });

  test("a letter hides its run, and brings it back", async () => {
    await page.letter("η 0.1, B 4").click();
    await page.drawn("sharpness", most - 1);
    await page.letter("η 0.1, B 4").click();
    await page.drawn("sharpness", most);
  });

  test("the table shows the same letters, and a tick taken there takes the run away here, leaving the others' letters", async () => {
    const letter = await page.letterOf("η 0.1, B 4");
    await workbench.command("Focus on Runs View");
    const table = new RunsTable(workbench.page);
    await table.filter.fill('"η 0.1, B 4" or "η 0.2, B 4"');
    await table.count.filter({ hasText: /^2 of/ }).waitFor();
    expect(await table.row("η 0.1, B 4").locator(".tick").innerText()).toBe(letter);
    const other = await table.row("η 0.2, B 4").locator(".tick").innerText();
    await table.row("η 0.1, B 4").locator(".tick").click();
    await page.run("η 0.1, B 4").waitFor({ state: "detached" });
    await page.drawn("sharpness", most - 1);
    expect(await page.letterOf("η 0.2, B 4")).toBe(other);
    await shot("compare-and-table");
  });

  test("a tick in the tree brings a run back, and one taken there takes it away", async () => {
    await workbench.showTree();
    // By its state: the tree draws its rows anew after a tick, and a click in between meets a box that is gone.
    const box = (checked: boolean) => workbench.treeRow("η 0.1, B 4").getByRole("checkbox", { checked });
    await box(false).click();
    await page.run("η 0.1, B 4").waitFor();
    await page.drawn("sharpness", most);
    await shot("compare-and-tree");
    await box(true).click();
    await page.run("η 0.1, B 4").waitFor({ state: "detached" });
    await page.drawn("sharpness", most - 1);
  });

  test("runs that come take none away, and a reload brings all back in their colours", async () => {
    const letter = await page.letterOf("η 0.2, B 4");
    addRun(server.workspace, 40);
    await workbench.showTree();
    await workbench.treeRow("η 0.8").waitFor();
    expect(await page.runs.count()).toBe(most - 1);
    await workbench.reload();
    page = new ComparePage(workbench.page);
    await page.drawn("sharpness", most - 1);
    expect(await page.letterOf("η 0.2, B 4")).toBe(letter);
  });

  test("axe finds nothing serious in any theme, narrow or wide", async () => {
    const grave = await graveFindings(workbench, workbench.comparison(), (where) => shot(`compare ${where}`));
    expect(grave).toEqual([]);
  });

  test("a name opens its run in the panel", async () => {
    await page.run("η 0.2, B 4").locator("td .link").first().click();
    await workbench.tab("Basin: demo").waitFor();
  });
});
