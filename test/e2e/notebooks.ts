// Notebooks of one cell that has run, and the output of it that shows a run.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";

/** As Jupyter saves it. @param run  What the output says of its run. */
export function writeNotebook(workspace: string, name: string, run: unknown): void {
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

/** An output that holds a run as it is in a folder, and names one that is not there. */
export function savedOutput(folder: string): unknown {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
  const lines = readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n");
  const events = lines.map((line): unknown => JSON.parse(line));
  const snapshot = { run: read("run.json"), events, verdict: read("verdict.json") };
  return { version: 1, folder: "/gone/.basin/runs/a", snapshot };
}

/** What the outputs of the only notebook that is open show, by a selector. */
export const outputOf = (page: Page, selector: string): Locator =>
  page
    .locator("iframe.webview.ready:visible")
    .last()
    .contentFrame()
    .locator("iframe#active-frame")
    .contentFrame()
    .locator(`.output ${selector}`);
