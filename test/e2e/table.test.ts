// The table of runs in real VS Code: a thousand runs are filtered, sorted, named, tagged and deleted, by mouse and by keyboard, and a reload keeps it all.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeRun } from "../fixtures/writeRun";
import { fileOf, writeExperiments } from "./experiments";
import { RunsTable } from "./runsTable";
import { graveFindings } from "./examine";
import { inVsCode, openVsCode } from "./scenario";
import { writeManyRuns } from "./scale";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

const many = 1000;

inVsCode("The table of runs in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  let table: RunsTable;
  const { shot } = openVsCode({ fill }, (vsCode) => {
    ({ server, workbench } = vsCode);
    table = new RunsTable(workbench.page);
  });

  const runsDir = () => join(server.workspace, ".basin", "runs");
  const note = (id: string) =>
    JSON.parse(readFileSync(join(server.workspace, ".basin", "notes", `${id}.json`), "utf8"));

  /** A thousand alike, and two that stand out. */
  function fill(workspace: string): void {
    writeExperiments(workspace);
    writeManyRuns({ workspace }, many, 20);
    const runs = join(workspace, ".basin", "runs");
    const file = join(workspace, fileOf("tooFast"));
    writeRun(runs, "unstable", { file, steps: 200, learningRate: 0.3, id: "20260301-000000-unstable" });
    writeRun(runs, "diverged", { file, steps: 200, learningRate: 0.8, id: "20260302-000000-diverged" });
    mkdirSync(join(workspace, ".basin", "notes"));
    const hostile = {
      name: "<b onclick=alert(1)>bold</b>$(trash)\u001b[31m",
      tags: ["<i>tag</i>"],
      kept: "by others",
    };
    writeFileSync(
      join(workspace, ".basin", "notes", "20260302-000000-diverged.json"),
      JSON.stringify(hostile),
    );
  }

  test("a thousand runs stand in it, of which only those in sight are on the page", async () => {
    await workbench.openFile(fileOf("tooFast"));
    await workbench.lens("▶ Run").waitFor();
    await workbench.command("Focus on Runs View");
    await table.count.filter({ hasText: /^1003 runs|^1002 runs/ }).waitFor();
    const lines = await table.find(".rows .row:not([hidden])").count();
    expect(lines).toBeGreaterThan(3);
    expect(lines).toBeLessThan(80);
    await table
      .row(/η 0\.3/)
      .filter({ hasText: "✗ unstable: too sharp" })
      .waitFor();
  });

  test("what a file of the workspace calls a run is text, not markup", async () => {
    await table.row("<b onclick=alert(1)>bold</b>").waitFor();
    await table.row("<i>tag</i>").waitFor();
    expect(await table.find(".grid b, .grid i").count()).toBe(0);
  });

  test("a filter finds by numbers, verdict and words, and says what is wrong with one that is none", async () => {
    await table.filter.fill("learningRate > 0.2 verdict = flagged");
    await table.count.filter({ hasText: /^2 of 100\d runs/ }).waitFor();
    await table.filter.fill("sharpness > 1 and learningRate < 0.5 verdict = unstable-mean");
    await table.count.filter({ hasText: /^1 of/ }).waitFor();
    await table.filter.fill("sharpnes > 3");
    await table.problem.filter({ hasText: 'Did you mean "sharpness"?' }).waitFor();
    await shot("table-bad-filter");
    await table.filter.fill("flagged");
    await table.count.filter({ hasText: /^0 of/ }).waitFor();
    await table.filter.fill("");
    await table.count.filter({ hasText: /^100\d runs/ }).waitFor();
  });

  test("a click on a heading sorts, another one turns it round", async () => {
    await table.heading("learningRate").click();
    await table.heading("learningRate ↑").waitFor();
    await table.heading("learningRate").click();
    await table.heading("learningRate ↓").waitFor();
    await expect.poll(async () => (await table.names())[0]).toMatch(/bold/);
    expect((await table.names())[1]).toMatch(/η 0\.3/);
  });

  test("by keyboard alone: to a run, ticked, named and tagged, which its note says", async () => {
    await table.grid.focus();
    await workbench.page.keyboard.press("Control+Home");
    await workbench.page.keyboard.press("ArrowDown");
    await table.find(".row.active").filter({ hasText: "η 0.3" }).waitFor();
    await workbench.page.keyboard.press("Space");
    await table.count.filter({ hasText: "1 ticked" }).waitFor();
    await workbench.page.keyboard.press("F2");
    await workbench.inputBox.fill("the sharp one");
    await workbench.page.keyboard.press("Enter");
    await table.row("the sharp one").waitFor();
    await table.grid.focus();
    await workbench.page.keyboard.press("t");
    await workbench.inputBox.fill("paper, figure 3");
    await workbench.page.keyboard.press("Enter");
    await table.row("the sharp one").filter({ hasText: "paper, figure 3" }).waitFor();
    expect(note("20260301-000000-unstable")).toEqual({ name: "the sharp one", tags: ["paper", "figure 3"] });
  });

  test("what others keep in a note stays when a run is pinned, and the pinned run comes first", async () => {
    await table.filter.fill("bold");
    await table.count.filter({ hasText: /^1 of/ }).waitFor();
    await table.row("bold").locator(".name").click();
    await table.grid.press("Escape");
    await table.count.filter({ hasText: "ticked" }).waitFor({ state: "detached" });
    await table.grid.press("p");
    await table.row("★").waitFor();
    expect(note("20260302-000000-diverged")).toMatchObject({ pin: true, kept: "by others" });
    await table.filter.fill("");
    await table.grid.press("Control+Home");
    await expect.poll(async () => (await table.names())[0]).toMatch(/★ .*bold/);
  });

  test("the run at which the user is, and those that are ticked, stay when others come", async () => {
    await table.row("the sharp one").locator(".tick").click();
    await table.find(".row.active.ticked").filter({ hasText: "the sharp one" }).waitFor();
    const file = join(server.workspace, fileOf("tooFast"));
    writeRun(runsDir(), "unstable", { file, steps: 200, learningRate: 0.9, id: "20260303-000000-newer" });
    await table.row("η 0.9").waitFor();
    await table.find(".row.active.ticked").filter({ hasText: "the sharp one" }).waitFor();
    await table.count.filter({ hasText: "1 ticked" }).waitFor();
  });

  test("beside a base run the others show how they differ", async () => {
    await table.grid.press("b");
    await table.find(".row.base").filter({ hasText: "the sharp one" }).waitFor();
    await table.row("η 0.9").filter({ hasText: "+200 %" }).waitFor();
    await table.grid.press("b");
    await table.find(".row.base").waitFor({ state: "detached" });
  });

  test("columns are chosen in the editor's list, and groups close", async () => {
    await table.button("Columns…").click();
    const search = workbench.quickInputAsking("Columns of the table of runs");
    await search.fill("best training loss");
    await workbench.tick("best training loss");
    await workbench.page.keyboard.press("Enter");
    await table.heading("best training loss").waitFor();
    // Read from the whole log, a run at a time.
    await expect.poll(() => table.row("η 0.9").innerText(), { timeout: 60_000 }).toMatch(/0\.00\d+|\de−\d/);
    await table.groups.selectOption("experiment");
    const group = table.find(".rows .row.group:not([hidden])").filter({ hasText: fileOf("tooFast") });
    await group.click();
    await group.filter({ hasText: "▸" }).waitFor();
    await table.row("the sharp one").waitFor({ state: "detached" });
    await group.click();
  });

  test("Enter opens the run in the panel", async () => {
    await table.row("the sharp one").locator(".name").click();
    await table.grid.press("Enter");
    await workbench.panel().picker.filter({ hasText: "the sharp one" }).waitFor();
    await shot("table");
  });

  test("a reload keeps columns, order, groups, ticks and names", async () => {
    await workbench.closeAll();
    await workbench.reload();
    await table.row("the sharp one").filter({ hasText: "paper, figure 3" }).waitFor();
    await table.heading("best training loss").waitFor();
    await table.heading("learningRate ↓").waitFor();
    expect(await table.groups.inputValue()).toBe("experiment");
    await table.find(".row.ticked").filter({ hasText: "the sharp one" }).waitFor();
  });

  test("axe finds nothing serious in any theme, narrow or wide", async () => {
    const grave = await graveFindings(workbench, workbench.runsView(), (where) => shot(`table ${where}`));
    expect(grave).toEqual([]);
  });

  test("Delete asks, and takes the run with its note", async () => {
    await table.find(".row.ticked").filter({ hasText: "the sharp one" }).locator(".name").click();
    await table.grid.press("Delete");
    await workbench.dialog.filter({ hasText: "20260301-000000-unstable" }).waitFor();
    await workbench.dialog.locator(".monaco-button", { hasText: "Delete" }).click();
    await table.row("the sharp one").waitFor({ state: "detached" });
    expect(existsSync(join(runsDir(), "20260301-000000-unstable"))).toBe(false);
    expect(existsSync(join(server.workspace, ".basin", "notes", "20260301-000000-unstable.json"))).toBe(
      false,
    );
  });
});
