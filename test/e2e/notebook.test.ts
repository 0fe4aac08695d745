// Runs in the outputs of notebook cells in real VS Code, no kernel needed: as they were saved, and live while they train.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { submit } from "../../src/launchers";
import { checkExperiment } from "../../src/protocol/checkExperiment";
import { writeRun } from "../fixtures/writeRun";
import { fileOf, writeExperiments } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Workbench } from "./workbench";

inVsCode("Runs in a notebook", () => {
  let workbench: Workbench;
  // The queue of this user is the same here and in VS Code: a run queued below starts by itself.
  const cache = mkdtempSync(join(tmpdir(), "basin-e2e-cache-"));
  /** Runs that lie outside of the workspace, which nothing in it may show. */
  const outside = mkdtempSync(join(tmpdir(), "basin-e2e-outside-"));
  const cacheBefore = process.env.BASIN_CACHE;

  beforeAll(() => {
    process.env.BASIN_CACHE = cache;
  });
  afterAll(() => {
    for (const folder of [cache, outside]) rmSync(folder, { recursive: true, force: true });
    if (cacheBefore === undefined) delete process.env.BASIN_CACHE;
    else process.env.BASIN_CACHE = cacheBefore;
  });

  openVsCode({ fill }, (vsCode) => ({ workbench } = vsCode));

  function fill(workspace: string): void {
    writeExperiments(workspace);
    const runs = join(workspace, ".basin", "runs");
    const file = join(workspace, fileOf("endless"));
    const [{ experiment, overrides }] = checkExperiment(readFileSync(file, "utf8"), file, {}).points;
    const [{ folder }] = submit(runs, [{ experiment, file, overrides }]);
    const read = (name: string): unknown => JSON.parse(readFileSync(join(saved, name), "utf8"));
    const saved = writeRun(outside, "unstable", { steps: 200 });
    const lines = readFileSync(join(saved, "events.jsonl"), "utf8").trim().split("\n");
    const snapshot = {
      run: read("run.json"),
      events: lines.map((line): unknown => JSON.parse(line)),
      verdict: read("verdict.json"),
    };
    writeNotebook(workspace, "live", { version: 1, folder: `.basin/runs/${basename(folder)}` });
    writeNotebook(workspace, "saved", { version: 1, folder: "/gone/.basin/runs/a", snapshot });
    // Both are there, and neither is this workspace's.
    writeNotebook(workspace, "elsewhere", { version: 1, folder: saved });
    writeNotebook(workspace, "newer", { version: 2, folder: saved });
  }

  /** A notebook of one cell that has run, as Jupyter saves it. */
  function writeNotebook(workspace: string, name: string, run: unknown): void {
    const data = { "application/vnd.basin.run+json": run, "text/plain": ["a Basin run"] };
    const cell = {
      cell_type: "code",
      execution_count: 1,
      metadata: {},
      source: ["probe.show()"],
      outputs: [{ output_type: "display_data", data, metadata: {} }],
    };
    const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
    writeFileSync(join(workspace, `${name}.ipynb`), JSON.stringify(notebook));
  }

  /** What the outputs of the only notebook that is open show, by a selector. */
  const output = (selector: string): Locator =>
    workbench.page
      .locator("iframe.webview.ready:visible")
      .last()
      .contentFrame()
      .locator("iframe#active-frame")
      .contentFrame()
      .locator(`.output ${selector}`);
  const step = async (): Promise<number> => {
    const text = await output(".progress-text").innerText();
    return Number(/step\s([\d,]+)/.exec(text)?.[1].replace(/,/g, "") ?? NaN);
  };

  test("a run that trains is shown live, and Stop ends it with its verdict", async () => {
    await workbench.openFile("live.ipynb");
    await output(".status").filter({ hasText: "training" }).waitFor();
    await expect.poll(step, { timeout: 60_000 }).toBeGreaterThan(0);
    const before = await step();
    await expect.poll(step, { timeout: 30_000 }).toBeGreaterThan(before);
    await output('.chart[data-chart="loss"] canvas').first().waitFor();
    // Out of sight and back: it goes on from what is true then.
    await workbench.openFile(fileOf("steady"));
    await workbench.lens("▶ Run").waitFor();
    await workbench.openFile("live.ipynb");
    await expect.poll(step, { timeout: 30_000 }).toBeGreaterThan(before);
    await output("vscode-button.stop").click();
    await output(".banner")
      .filter({ hasText: /stable|edge|inconclusive/i })
      .waitFor();
    await output(".status").filter({ hasText: "stopped" }).waitFor();
  });

  test("a click on its name opens it in the panel", async () => {
    await output(".name").click();
    await workbench.tab("Basin: endless").waitFor();
    await workbench.closeAll();
  });

  test("without its folder a run is shown as it was saved in the notebook", async () => {
    await workbench.openFile("saved.ipynb");
    await output(".banner").filter({ hasText: "Unstable" }).waitFor();
    await output(".note-of-output").filter({ hasText: "As saved in the notebook." }).waitFor();
    await output('.chart[data-chart="fractions"] canvas').first().waitFor();
    await workbench.closeAll();
  });

  test("a folder outside of the workspace is not read, whoever names it; another version says so", async () => {
    await workbench.openFile("elsewhere.ipynb");
    await output(".note-of-output").filter({ hasText: "is not at hand" }).waitFor();
    expect(await output(".banner").isVisible()).toBe(false);
    await workbench.closeAll();
    await workbench.openFile("newer.ipynb");
    await output(".note-of-output").filter({ hasText: "version 2; this Basin reads version 1" }).waitFor();
  });
});
