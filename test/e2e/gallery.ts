// Pictures of every view in real VS Code, in light, dark and both high contrasts, narrow and wide, for people to look at; --readme keeps those the README shows.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeRun } from "../fixtures/writeRun";
import { writeExperiments } from "./experiments";
import { takeDashboard } from "./gallery/dashboard";
import { desk, folder, Gallery } from "./gallery/gallery";
import { takeInline } from "./gallery/inline";
import { notebookName, takeNotebook } from "./gallery/notebook";
import { takePanels } from "./gallery/panels";
import { savedOutput, writeNotebook } from "./notebooks";
import { codeServer, packedExtension, root } from "./setup";
import { startVsCode, stopVsCode } from "./vsCode";

const examples = ["edge-of-stability", "spirals", "all-probes", "adam-edge"] as const;

function fill(workspace: string): void {
  writeExperiments(workspace);
  for (const name of examples)
    copyFileSync(join(root, "examples", `${name}.basin.json`), join(workspace, `${name}.basin.json`));
  const outside = mkdtempSync(join(tmpdir(), "basin-gallery-"));
  writeNotebook(workspace, notebookName, savedOutput(writeRun(outside, "unstable", { steps: 400 })));
  rmSync(outside, { recursive: true });
}

/** What can be taken alone. */
const parts = {
  panels: takePanels,
  inline: takeInline,
  dashboard: takeDashboard,
  notebook: takeNotebook,
} as const;

/** What the README shows of a part: the picture taken, and its name there. */
const inReadme: Readonly<Partial<Record<string, Readonly<Record<string, string>>>>> = {
  panels: {
    "finished-wide-dark": "finished-wide-dark",
    "measured-dark": "measured-dark",
    "provenance-light": "provenance-light",
    "quick-fix-light": "quick-fix-light",
  },
  inline: { "inline-wide-dark": "inline-panel-dark" },
};

function keepForReadme(part: string): void {
  const media = join(root, "media", "readme");
  mkdirSync(media, { recursive: true });
  for (const [taken, name] of Object.entries(inReadme[part] ?? {}))
    copyFileSync(join(folder, `${taken}.png`), join(media, `${name}.png`));
}

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
  if (unknown) throw new Error(`unknown part ${unknown}; known: ${Object.keys(parts).join(", ")}`);
  const found = codeServer();
  if ("missing" in found) throw new Error(`No pictures: ${found.missing}.`);
  mkdirSync(folder, { recursive: true });
  const vsCode = await startVsCode(found, packedExtension(), { fill });
  try {
    await vsCode.workbench.page.setViewportSize(desk);
    const gallery = new Gallery(vsCode.workbench);
    for (const [name, take] of Object.entries(parts)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await take(vsCode.workbench, gallery);
      if (process.argv.includes("--readme")) keepForReadme(name);
    }
  } catch (error) {
    await vsCode.workbench.page.screenshot({ path: join(folder, "failed.png") }).catch(() => undefined);
    throw error;
  } finally {
    await stopVsCode(vsCode);
  }
}

await main(process.argv.slice(2).filter((word) => !word.startsWith("--")));
