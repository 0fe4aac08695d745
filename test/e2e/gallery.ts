// Pictures of every view in real VS Code, in light, dark and both high contrasts, narrow and wide, for people to look at; --readme keeps those the README shows.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator } from "playwright-core";
import { writeRun } from "../fixtures/writeRun";
import { fileOf, writeExperiments, type ExperimentName } from "./experiments";
import { ComparePage } from "./comparePage";
import { RunsTable } from "./runsTable";
import { codeServer, packedExtension, root } from "./setup";
import { themeKinds } from "./settings";
import { startVsCode, stopVsCode } from "./vsCode";
import type { Workbench } from "./workbench";

const folder = join(root, "test", "e2e", "screenshots");
/** An activity bar wide more than the panel's 420 pixels. */
const sizes = { narrow: { width: 470, height: 1500 }, wide: { width: 1300, height: 1130 } } as const;
const desk = { width: 1500, height: 900 } as const;
const examples = ["edge-of-stability", "spirals", "all-probes", "adam-edge"] as const;
/** Tall enough for a panel with every chart and the chain. */
const tall = { narrow: { width: 470, height: 5000 }, wide: { width: 1300, height: 2400 } } as const;

class Gallery {
  private theme = "dark";

  constructor(
    private readonly workbench: Workbench,
    readonly workspace: string,
  ) {}

  async shot(name: string, part?: Locator): Promise<void> {
    const path = join(folder, `${name}-${this.theme}.png`);
    // Two frames, so that what has just changed is drawn.
    await this.workbench.page.mouse.move(300, 1);
    await this.workbench.settle();
    await (part ?? this.workbench.page).screenshot({ path });
    console.log(path);
  }

  async inEveryTheme(take: () => Promise<void>): Promise<void> {
    for (const theme of themeKinds) {
      this.theme = theme;
      await this.workbench.useTheme(theme);
      await take();
    }
  }

  /** The panel alone, as narrow and as wide as it gets. */
  async panel(
    name: string,
    views: Readonly<Record<string, { width: number; height: number }>> = sizes,
  ): Promise<void> {
    const { workbench } = this;
    await workbench.command("View: Close Primary Side Bar").catch(() => undefined);
    for (const [size, viewport] of Object.entries(views)) {
      await workbench.page.setViewportSize(viewport);
      await this.inEveryTheme(() => this.shot(`${name}-${size}`));
    }
    await workbench.page.setViewportSize(desk);
  }

  /** So many steps, to be seen training in every theme on a fast machine. */
  lengthen(file: string, steps: number): void {
    const path = join(this.workspace, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(/"steps": \d+/, `"steps": ${steps}`));
  }

  async run(file: string): Promise<void> {
    await this.workbench.closeAll();
    await this.workbench.openFile(file);
    await this.workbench.lens("▶ Run").click();
  }
}

/** What stands between the lines, and the view in the bottom panel: 350 and 1400 pixels for what is in the editor's part. */
async function takeInline(workbench: Workbench, gallery: Gallery): Promise<void> {
  const views = { narrow: { width: 398, height: 800 }, wide: { width: 1448, height: 900 } } as const;
  const file = fileOf("tooFast");
  await gallery.run(file);
  await workbench.lens(/latest run/).waitFor();
  // Beside the panel, as Run leaves it.
  await workbench.lens("Sharpness against its limit").click();
  await workbench.inlinePanel.getByText("Unstable").first().waitFor();
  await workbench.command("View: Close Primary Side Bar");
  await gallery.inEveryTheme(() => gallery.shot("inline-beside-panel"));
  await workbench.closeAll();
  await workbench.openFile(file);
  await workbench.inlinePanel.getByText("Unstable").first().waitFor();
  await gallery.panel("inline", views);
  await workbench.command("Basin: Focus on Current Run View");
  await workbench.currentRun().banner.filter({ hasText: "Unstable" }).waitFor();
  await gallery.panel("current", views);
  await workbench.openFile(fileOf("steady"));
  await gallery.panel("current-none", views);
  await workbench.command("View: Hide Panel");
}

async function takePanels(workbench: Workbench, gallery: Gallery): Promise<void> {
  const panel = workbench.panel();
  await workbench.showTree();
  await workbench.command("Basin: Open Panel");
  await panel.welcome.waitFor();
  await gallery.panel("welcome");
  await workbench.closeAll();
  await gallery.inEveryTheme(async () => {
    await workbench.command("Basin: New Experiment");
    await workbench.page.locator(".quick-input-list", { hasText: "Edge of stability" }).waitFor();
    await gallery.shot("new-experiment");
    await workbench.page.keyboard.press("Escape");
  });

  gallery.lengthen("edge-of-stability.basin.json", 60_000);
  await gallery.run("edge-of-stability.basin.json");
  await panel.status.filter({ hasText: "training" }).waitFor();
  await panel.picture("nonuniformity");
  await workbench.showTree();
  await gallery.inEveryTheme(() => gallery.shot("training"));
  await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 300_000 });
  await panel.banner.filter({ hasText: /edge of stability|Stable|Unstable/ }).waitFor();
  // VS Code asks for what stands above the file a while after it has changed.
  await workbench.lens(/latest run/).waitFor();
  await gallery.inEveryTheme(() => gallery.shot("finished"));
  await workbench.page.setViewportSize({ width: 1180, height: 700 });
  await gallery.inEveryTheme(async () => {
    await panel.showNumbers();
    await panel.metric("sharpness").click();
    await panel.details.waitFor();
    await gallery.shot("provenance");
    await workbench.page.keyboard.press("Escape");
  });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.panel("finished");

  gallery.lengthen("spirals.basin.json", 20_000);
  await gallery.run("spirals.basin.json");
  await panel.status.filter({ hasText: "training" }).waitFor();
  await gallery.panel("spirals-training");
  await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 300_000 });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.panel("spirals");

  await gallery.run("all-probes.basin.json");
  await panel.chain.waitFor({ timeout: 300_000 });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.panel("all-probes", tall);
  await gallery.inEveryTheme(async () => {
    await panel.chartTitle("stabilityMap").click();
    await gallery.shot("map-provenance");
    await workbench.page.keyboard.press("Escape");
    await panel.chain.locator("li button").first().click();
    await gallery.shot("chain-provenance");
    await workbench.page.keyboard.press("Escape");
  });
  await workbench.page.setViewportSize(sizes.wide);
  await gallery.inEveryTheme(async () => {
    await panel.chain.locator("li").last().scrollIntoViewIfNeeded();
    await gallery.shot("measured");
  });
  await workbench.page.setViewportSize(desk);

  await gallery.run("adam-edge.basin.json");
  await panel.status.filter({ hasText: "finished" }).waitFor({ timeout: 300_000 });
  await workbench.closeAll();
  await workbench.command("Basin: Open Panel");
  await gallery.panel("adam");

  for (const name of ["tooFast", "exploding"] satisfies ExperimentName[]) {
    await gallery.run(fileOf(name));
    await panel.banner.filter({ hasText: /Unstable|Diverged/ }).waitFor({ timeout: 60_000 });
    await workbench.showTree();
    await workbench.showProblems();
    await gallery.inEveryTheme(() => gallery.shot(`flagged-${name}`));
    await workbench.hideBottom();
    await workbench.closeAll();
    await workbench.command("Basin: Open Panel");
    await gallery.panel(`panel-${name}`);
  }
  await workbench.closeAll();
  await workbench.openFile(fileOf("tooFast"));
  await gallery.inEveryTheme(async () => {
    await workbench.openQuickFix(fileOf("tooFast"), '"learningRate": 0.3');
    await gallery.shot("quick-fix");
    await workbench.page.keyboard.press("Escape");
  });
}

/** What the README shows, by the names it has there. */
const readme = {
  "finished-wide-dark": "finished-wide-dark",
  "measured-dark": "measured-dark",
  "provenance-light": "provenance-light",
  "quick-fix-light": "quick-fix-light",
  "inline-beside-panel-dark": "inline-panel-dark",
} as const;

function keepForReadme(): void {
  const media = join(root, "media", "readme");
  mkdirSync(media, { recursive: true });
  for (const [shot, kept] of Object.entries(readme))
    copyFileSync(join(folder, `${shot}.png`), join(media, `${kept}.png`));
}

function fill(workspace: string): void {
  writeExperiments(workspace);
  for (const name of examples)
    copyFileSync(join(root, "examples", `${name}.basin.json`), join(workspace, `${name}.basin.json`));
}

/** The table of runs, and runs over one another. */
async function takeRuns(workbench: Workbench, gallery: Gallery): Promise<void> {
  const views = { narrow: { width: 398, height: 900 }, wide: { width: 1448, height: 900 } } as const;
  const runs = join(gallery.workspace, ".basin", "runs");
  const file = join(gallery.workspace, fileOf("tooFast"));
  for (let i = 1; i <= 20; i++) {
    const kind = i > 18 ? "diverged" : i > 14 ? "unstable" : "edge";
    const id = `20260301-0000${String(i).padStart(2, "0")}-${kind}`;
    writeRun(runs, kind, {
      file,
      steps: 400 + 20 * i,
      learningRate: 0.02 * i,
      id,
      batchSize: i % 3 === 0 ? "full" : 4,
    });
  }
  await workbench.command("View: Close Primary Side Bar").catch(() => undefined);
  await workbench.command("Basin: Compare Runs");
  await workbench.tickAll("Runs to draw over one another");
  await workbench.page.keyboard.press("Enter");
  const page = new ComparePage(workbench.page);
  await page.drawn("sharpness", 20);
  await gallery.panel("compare", views);
  await page.find("vscode-checkbox.normal").click();
  await workbench.page.setViewportSize(views.wide);
  await gallery.inEveryTheme(() => gallery.shot("compare-normalized"));
  await workbench.command("Focus on Runs View");
  const table = new RunsTable(workbench.page);
  await table.row(/η/).locator(".name").click();
  await gallery.panel("table", views);
}

/** What can be taken alone. */
const parts = { panels: takePanels, inline: takeInline, runs: takeRuns } as const;

async function main(wanted: readonly string[]): Promise<void> {
  const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
  if (unknown) throw new Error(`unknown part ${unknown}; known: ${Object.keys(parts).join(", ")}`);
  const found = codeServer();
  if ("missing" in found) throw new Error(`No pictures: ${found.missing}.`);
  mkdirSync(folder, { recursive: true });
  const vsCode = await startVsCode(found, packedExtension(), { fill });
  try {
    await vsCode.workbench.page.setViewportSize(desk);
    const gallery = new Gallery(vsCode.workbench, vsCode.server.workspace);
    for (const [name, take] of Object.entries(parts))
      if (wanted.length === 0 || wanted.includes(name)) await take(vsCode.workbench, gallery);
  } catch (error) {
    await vsCode.workbench.page.screenshot({ path: join(folder, "failed.png") }).catch(() => undefined);
    throw error;
  } finally {
    await stopVsCode(vsCode);
  }
  if (process.argv.includes("--readme")) keepForReadme();
}

await main(process.argv.slice(2).filter((word) => !word.startsWith("--")));
