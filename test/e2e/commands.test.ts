// Commands and tasks in real VS Code: other settings without a change of the file, a second run that is asked about, a run in a terminal, and what is done with runs that have ended.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { fileOf, writeExperiments } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import { root } from "./setup";
import type { Workbench } from "./workbench";

inVsCode("Commands in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  const own = { "basin.notifications.onlyUnfocused": false };
  const { shot, text } = openVsCode({ settings: own, fill }, (vsCode) => ({ server, workbench } = vsCode));

  const runs = () => join(server.workspace, ".basin", "runs");

  /** The folders of this workspace's runs, newest first. */
  function names(): string[] {
    if (!existsSync(runs())) return [];
    return readdirSync(runs())
      .filter((name) => existsSync(join(runs(), name, "run.json")))
      .sort()
      .reverse();
  }

  /** What they were asked. */
  const asked = (): { overrides: Record<string, unknown>; file: string }[] =>
    names().map((name) => JSON.parse(readFileSync(join(runs(), name, "run.json"), "utf8")));

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

  test("a run is exported to the file that the dialog asks for", async () => {
    await workbench.command("Basin: Export…");
    await workbench.quickInputAsking("Runs to export: several are laid over one another").waitFor();
    await workbench.tick("seed3");
    await workbench.page.keyboard.press("Enter");
    await workbench.quickInputAsking("Format for the run").waitFor();
    await workbench.pick("csv");
    const path = await workbench.saveAsProposed(".csv");
    await workbench.notification(`exported to ${basename(path)}`).waitFor();
    expect(readFileSync(path, "utf8")).toMatch(/loss\.train/);
  });

  test("a task of tasks.json trains in a terminal, with the settings it names", async () => {
    await workbench.command("Tasks: Run Task");
    await workbench.pick("check it");
    await expect.poll(() => asked()[0]?.overrides, { timeout: 30_000 }).toEqual({ seed: 7 });
    await workbench.page.locator(".integrated-terminal .xterm").first().waitFor();
    await workbench.treeRow(/seed7.*unstable/).waitFor();
    await shot("task");
  });

  test("what was copied for a terminal repeats the run there", async () => {
    await workbench.showTree();
    await workbench.choose(workbench.treeRow("η 0.05, full batch, seed3"), "Copy as CLI Command");
    await expect.poll(() => workbench.clipboard()).toMatch(/^basin run tooFast\.basin\.json --set /);
    const [, ...words] = (await workbench.clipboard()).split(" ");
    const cli = join(root, "dist", "cli.js");
    execFileSync(process.execPath, [cli, ...words], { cwd: server.workspace, stdio: "ignore" });
    expect(asked()[0].overrides).toEqual({ "optimizer.learningRate": 0.05, seed: 3 });
    await workbench.choose(workbench.treeRow("tooNoisy"), "Copy as CLI Command");
    await expect.poll(() => workbench.clipboard()).toBe("basin run tooNoisy.basin.json");
  });

  test("Escape restarts near the point a run reached, and tells measured and predicted growth", async () => {
    await workbench.choose(workbench.treeRow("η 0.05, full batch, seed3"), "Escape from Run");
    await workbench.pick("newest checkpoint");
    await workbench.inputBox.fill("optimizer.learningRate=0.4");
    await workbench.page.keyboard.press("Enter");
    await workbench.tab("Escape from tooFast").waitFor();
    await workbench.line("Predicted growth").filter({ hasText: "5 of 5 left" }).waitFor();
    await shot("escape");
  });

  test("a run's folder opens, in the explorer where that is all there is", async () => {
    const [newest] = names();
    // The explorer does not always know a folder yet that was made a moment ago: then it is asked once more.
    for (let attempt = 0; attempt < 4 && !(await workbench.explorerRow(newest).isVisible()); attempt++) {
      await workbench.showTree();
      await workbench.choose(workbench.treeRow("η 0.05, full batch, seed3"), "Open Run Folder");
      await workbench
        .explorerRow(newest)
        .waitFor({ timeout: 15_000 })
        .catch(() => undefined);
    }
    expect(await workbench.explorerRow(newest).isVisible()).toBe(true);
    await workbench.showTree();
  });

  test("Clean Up deletes what has ended and keeps the pinned", async () => {
    const pinned = workbench.treeRow("η 0.3, full batch, seed7");
    await workbench.choose(pinned, "Pin Run");
    await pinned.filter({ hasText: "pinned" }).waitFor();
    const before = names();
    const [kept] = before.filter((name) => name.includes("seed7"));
    await workbench.command("Basin: Clean Up Runs…");
    await workbench.tick("All that have ended");
    await shot("clean up");
    await workbench.page.keyboard.press("Enter");
    await workbench.dialog.getByText(`Delete ${before.length - 1} runs?`).waitFor();
    await workbench.dialog.getByRole("button", { name: "Delete" }).click();
    await expect.poll(names, { timeout: 20_000 }).toEqual([kept]);
    await pinned.waitFor();
    await workbench.choose(pinned, "Unpin Run");
    await pinned.filter({ hasText: "pinned" }).waitFor({ state: "detached" });
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
