// Commands and tasks in real VS Code: other settings without a change of the file, a second run that is asked about, a run in a terminal.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileOf, writeExperiments } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCode("Commands in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  const own = { "basin.notifications.onlyUnfocused": false };
  const { shot, text } = openVsCode({ settings: own, fill }, (vsCode) => ({ server, workbench } = vsCode));

  /** What runs of this workspace were asked, newest first. */
  function asked(): { overrides: Record<string, unknown>; file: string }[] {
    const runs = join(server.workspace, ".basin", "runs");
    if (!existsSync(runs)) return [];
    return readdirSync(runs)
      .filter((name) => existsSync(join(runs, name, "run.json")))
      .sort()
      .reverse()
      .map((name) => JSON.parse(readFileSync(join(runs, name, "run.json"), "utf8")));
  }

  test("run with changes: a wrong setting is said as it is typed, a right one trains, and the file stays as it is", async () => {
    const before = text("tooFast");
    await workbench.openFile(fileOf("tooFast"));
    await workbench.line("learningRate").click();
    await workbench.command("Basin: Run with Changes…");
    await workbench.pick("tooFast");
    const box = workbench.inputBox;
    await box.fill("optimizer.learningrate=0.05");
    await workbench.inputMessage(/learningRate/).waitFor();
    await shot("run with changes");
    await box.fill("optimizer.learningRate=0.05 seed=3");
    await workbench.page.keyboard.press("Enter");
    await expect
      .poll(() => asked()[0]?.overrides, { timeout: 20_000 })
      .toEqual({ "optimizer.learningRate": 0.05, seed: 3 });
    await workbench.notification(/tooFast .*learning rate 0.05/).waitFor();
    await shot("notification");
    expect(text("tooFast")).toBe(before);
    await workbench.showTree();
    await workbench.treeRow("η 0.05, full batch, seed3").waitFor();
  });

  test("a file that trains already asks before it trains once more, and shows what trains instead", async () => {
    await workbench.openFile(fileOf("endless"));
    await workbench.lens("▶ Run").click();
    await workbench.lens("training").waitFor();
    const before = asked().length;
    await workbench.lens("▶ Run").click();
    await workbench.dialog.getByText("endless trains already").waitFor();
    await shot("runs already");
    await workbench.dialog.getByRole("button", { name: "Show It" }).click();
    await workbench.panel().status.filter({ hasText: "training" }).waitFor();
    expect(asked()).toHaveLength(before);
    await workbench.lens("▶ Run").click();
    await workbench.dialog.getByRole("button", { name: "Run Anyway" }).click();
    await expect.poll(() => asked().length, { timeout: 20_000 }).toBe(before + 1);
    await workbench.command("Basin: Stop All Runs");
    await workbench.lens(/latest run/).waitFor();
  });

  test("a task of tasks.json trains in a terminal, with the settings it names", async () => {
    await workbench.command("Tasks: Run Task");
    await workbench.pick("check it");
    await expect.poll(() => asked()[0]?.overrides, { timeout: 30_000 }).toEqual({ seed: 7 });
    await workbench.page.locator(".integrated-terminal .xterm").first().waitFor();
    await workbench.treeRow(/seed7.*unstable/).waitFor();
    await shot("task");
  });

  test("the doctor's findings open as a text", async () => {
    await workbench.command("Basin: Doctor");
    await workbench.tab("Basin Doctor").waitFor();
    await workbench.line("engine").waitFor();
    await shot("doctor");
  });
});

function fill(workspace: string): void {
  writeExperiments(workspace);
  mkdirSync(join(workspace, ".vscode"), { recursive: true });
  const task = { type: "basin", label: "check it", file: fileOf("tooFast"), set: ["seed=7"] };
  writeFileSync(
    join(workspace, ".vscode", "tasks.json"),
    JSON.stringify({ version: "2.0.0", tasks: [{ ...task, problemMatcher: [] }] }),
  );
}
