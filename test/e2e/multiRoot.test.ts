// A workspace of several folders in real VS Code: a new experiment asks where, and each folder has its own runs.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCode("A workspace of two folders", () => {
  let server: Server;
  let workbench: Workbench;
  const folders = ["vision", "language"] as const;
  const { shot } = openVsCode({ fill, open: file }, (vsCode) => ({ server, workbench } = vsCode));

  function file(workspace: string): string {
    return join(workspace, "both.code-workspace");
  }

  function fill(workspace: string): void {
    for (const name of folders) mkdirSync(join(workspace, name));
    writeFileSync(file(workspace), JSON.stringify({ folders: folders.map((path) => ({ path })) }));
  }

  test("New Experiment asks which folder it goes to, and its runs lie there", async () => {
    await workbench.command("Basin: New Experiment");
    await workbench.quickInputAsking("Folder of the new experiment").waitFor();
    await shot("new experiment of two folders");
    await workbench.pick("language");
    await workbench.quickInputAsking("Start from").fill("First verdict");
    await workbench.pick("First verdict");
    await workbench.tab("first-verdict.basin.json").waitFor();
    expect(existsSync(join(server.workspace, "language", "first-verdict.basin.json"))).toBe(true);
    expect(readdirSync(join(server.workspace, "vision"))).toEqual([]);
    await workbench.lens("▶ Run").click();
    await workbench.panel().banner.filter({ hasText: "edge of stability" }).waitFor();
    expect(readdirSync(join(server.workspace, "language", ".basin", "runs"))).toHaveLength(1);
    expect(readdirSync(join(server.workspace, "vision"))).toEqual([]);
  });
});
