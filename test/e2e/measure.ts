// `npm run measure`: the VSIX's size, activation, and how the extension scales; what it prints is what README quotes.
import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { loopShapes } from "../support/trainingLoops";
import { experiments, fileOf, writeExperiments } from "./experiments";
import { ComparePage } from "./comparePage";
import { logGrowth } from "./logGrowth";
import { RunsTable } from "./runsTable";
import {
  extensionHost,
  framesWhileScrolling,
  framesWhileZooming,
  loadOf,
  memoryOf,
  openRun,
  panelBehind,
  readingLine,
  timesToPicture,
  writeLiveRun,
  writeLongRun,
  writeLongRuns,
  writeManyRuns,
  type Place,
} from "./scale";
import type { Server } from "./server";
import { codeServer, packedExtension, type Editor } from "./setup";
import { startVsCode, stopVsCode } from "./vsCode";
import type { Workbench } from "./workbench";

const activated = /Activated in ([\d.]+) ms/;

/** One start of VS Code with a workspace that `prepare` fills. */
async function inWorkbench<T>(
  editor: Editor,
  vsix: string,
  prepare: (place: Place) => void,
  use: (workbench: Workbench, server: Server) => Promise<T>,
): Promise<T> {
  const fill = (workspace: string) => {
    writeExperiments(workspace);
    prepare({ workspace });
  };
  const vsCode = await startVsCode(editor, vsix, { fill });
  try {
    await vsCode.workbench.openFile(fileOf("steady"));
    await vsCode.workbench.lens("▶ Run").waitFor();
    return await use(vsCode.workbench, vsCode.server);
  } finally {
    await stopVsCode(vsCode);
  }
}

/** What is in a workspace, and opened of it, when the extension is activated. */
const activations = [
  { what: "an experiment file", file: fileOf("steady"), fill: writeExperiments },
  {
    what: "a Python file and nothing of Basin",
    file: "train.py",
    fill: (workspace: string) => writeFileSync(join(workspace, "train.py"), loopShapes[0].text),
  },
];

async function activation(editor: Editor, vsix: string, starts: number): Promise<void> {
  for (const { what, file, fill } of activations) {
    const times: number[] = [];
    for (let i = 0; i < starts; i++) {
      const vsCode = await startVsCode(editor, vsix, { fill });
      try {
        await vsCode.workbench.openFile(file);
        times.push(Number(await vsCode.server.logged(activated)));
      } finally {
        await stopVsCode(vsCode);
      }
    }
    const sorted = [...times].sort((a, b) => a - b);
    const median = sorted[starts >> 1];
    console.log(
      `Activation by ${what}: median ${median.toFixed(1)} ms of ${starts} starts (${sorted.map((t) => t.toFixed(1)).join(", ")})`,
    );
  }
}

/** How often each long log is opened: the first time nothing is known of it. */
const openings = 5;

async function longLogs(editor: Editor, vsix: string): Promise<void> {
  const made: {
    readonly id: string;
    readonly label: string;
    readonly events: number;
    readonly bytes: number;
  }[] = [];
  let short = { id: "", label: "" };
  await inWorkbench(
    editor,
    vsix,
    (place) => {
      made.push({ events: 10_000, ...writeLongRun(place, 10_000, 0.2) });
      made.push({ events: 1_000_000, ...writeLongRun(place, 1_000_000, 0.3) });
      short = writeLongRun(place, 100, 0.1);
    },
    async (workbench) => {
      await workbench.showTree();
      await workbench.treeRow(short.label).click();
      await workbench.panel().progress.waitFor();
      for (const { events, bytes, ...run } of made) {
        const times: (readonly [first: number, all: number])[] = [];
        for (let i = 0; i < openings; i++) {
          // Whoever clicks has looked at something: what the run shown before still has to draw is no part of opening the next.
          await setTimeout(1500);
          times.push(await openRun(workbench, run, events / 2 - 1));
          if (events === 1_000_000 && i === openings - 1) {
            // Its points follow the picture of it, half a million a curve: zooming is measured once they are there.
            await setTimeout(15_000);
            const frames = await framesWhileZooming(workbench.page);
            console.log(`Zooming and panning over it: ${frames.toFixed(0)} frames/s`);
          }
          await openRun(workbench, short, 49);
        }
        const [firsts, alls] = [0, 1].map((k) => times.map((time) => time[k].toFixed(0)).join(", "));
        console.log(
          `Opening a finished run of ${events.toLocaleString("en-US")} events (${(bytes / 1e6).toFixed(0)} MB) ${openings} times: first paint after ${firsts} ms, every step there after ${alls} ms`,
        );
      }
    },
  );
}

async function liveRun(editor: Editor, vsix: string): Promise<void> {
  const perSecond = 1000;
  await inWorkbench(
    editor,
    vsix,
    () => undefined,
    async (workbench, server) => {
      await workbench.showTree();
      await setTimeout(5000);
      const rest = await loadOf(extensionHost(server), 10);
      const { log, writer } = await writeLiveRun(server, {
        perSecond,
        file: fileOf("steady"),
        learningRate: 0.05,
        sharpness: 20,
      });
      try {
        await workbench.treeRow("η").first().click();
        await workbench.panel().status.filter({ hasText: "training" }).waitFor();
        // Opening the panel is no part of what a run costs.
        await setTimeout(5000);
        const host = extensionHost(server);
        const behind = panelBehind(workbench, log, perSecond);
        const { share, megabytes } = await loadOf(host, 20);
        console.log(
          `A live run of ${perSecond} events/s costs the extension host ${(100 * (share - rest.share)).toFixed(1)} % of a core (${(100 * rest.share).toFixed(1)} % without it), ${megabytes.toFixed(0)} MB in all; the panel at most ${(await behind).toFixed(1)} s behind`,
        );
      } finally {
        writer.kill("SIGKILL");
      }
    },
  );
}

async function manyRuns(editor: Editor, vsix: string): Promise<void> {
  const [runs, events] = [1000, 2000];
  await inWorkbench(
    editor,
    vsix,
    (place) => writeManyRuns(place, runs, events),
    async (workbench, server) => {
      const activation = await server.logged(activated);
      const listed = await server.logged(/Listed \d+ runs in (\d+) ms/);
      await workbench.showTree();
      const host = extensionHost(server);
      await setTimeout(5000);
      const { share } = await loadOf(host, 20);
      console.log(
        `A workspace with ${runs} runs of ${events} events: activation ${activation} ms, list complete ${listed} ms, host memory ${memoryOf(host).toFixed(0)} MB, at rest ${(100 * share).toFixed(1)} % of a core`,
      );
    },
  );
}

/** Runs that train at once, and one of the files they belong to in sight with everything that stands inline, its panel open. */
async function inline(editor: Editor, vsix: string): Promise<void> {
  const runs = 4;
  const four = fileOf("endless").replace("endless", "four");
  await inWorkbench(
    editor,
    vsix,
    ({ workspace }) => {
      const values = Array.from({ length: runs }, (_, i) => 0.01 * (i + 1));
      const sweep = {
        sweep: { "optimizer.learningRate": values },
        launch: { on: "local", concurrency: runs },
      };
      writeFileSync(join(workspace, four), JSON.stringify({ ...experiments.endless, ...sweep }, null, 2));
    },
    async (workbench, server) => {
      const host = extensionHost(server);
      await setTimeout(5000);
      const rest = await loadOf(host, 10);
      await workbench.openFile(four);
      await workbench.lens("▶ Run").click();
      await workbench.lens("Sharpness against its limit").click();
      await workbench.inlinePanel.locator("img").first().waitFor();
      await workbench.showTree();
      await setTimeout(10_000);
      const told = async (where: string) => {
        const { share } = await loadOf(host, 20);
        console.log(
          `${runs} runs training, one file with all that stands inline in sight, ${where}: ${(100 * (share - rest.share)).toFixed(1)} % of a core in the extension host (${(100 * rest.share).toFixed(1)} % without them)`,
        );
      };
      await told("the panel beside it");
      await workbench.tab("Basin: four").locator(".codicon-close").click();
      await setTimeout(2000);
      await told("the panel closed");
      await workbench.command("Basin: Stop All");
    },
  );
  await inWorkbench(
    editor,
    vsix,
    () => undefined,
    async (workbench, server) => {
      const options = { perSecond: 0.001, file: fileOf("steady"), learningRate: 0.05, sharpness: 20 };
      const { log, writer } = await writeLiveRun(server, options);
      try {
        for (const step of [1, 2, 3]) appendFileSync(log, readingLine(step, 20));
        await workbench.lens("Sharpness against its limit").click();
        await workbench.inlinePanel.locator("img").first().waitFor();
        const times = await timesToPicture(workbench, log, { from: 4, times: 10 });
        const sorted = times.sort((a, b) => a - b);
        console.log(
          `From an event in the log to the picture between the lines: median ${sorted[5].toFixed(0)} ms, at most ${sorted[9].toFixed(0)} ms`,
        );
      } finally {
        writer.kill("SIGKILL");
      }
    },
  );
}

/** Long runs over one another: from the command to their first curves, and zooming over all of them. */
async function overlay(editor: Editor, vsix: string): Promise<void> {
  const [runs, events] = [20, 100_000];
  await inWorkbench(
    editor,
    vsix,
    (place) => writeLongRuns(place, runs, events),
    async (workbench) => {
      const page = new ComparePage(workbench.page);
      for (const time of ["first", "second"] as const) {
        await workbench.command("Basin: Compare Runs");
        await workbench.tickAll("Runs to draw over one another");
        const start = performance.now();
        await workbench.page.keyboard.press("Enter");
        await page.chart("sharpness").locator("canvas").first().waitFor();
        const first = performance.now() - start;
        await page.drawn("sharpness", runs);
        const all = performance.now() - start;
        console.log(
          `Comparing ${runs} runs of ${events.toLocaleString("en-US")} events, ${time} time: first paint ${first.toFixed(0)} ms, all runs drawn after ${all.toFixed(0)} ms`,
        );
        if (time === "first") await setTimeout(40_000);
        else {
          await setTimeout(10_000);
          const frames = await framesWhileZooming(workbench.page);
          console.log(`Zooming and panning over them: ${frames.toFixed(0)} frames/s`);
        }
        await workbench.closeAll();
      }
    },
  );
}

async function runsTable(editor: Editor, vsix: string): Promise<void> {
  const [runs, events] = [1000, 200];
  await inWorkbench(
    editor,
    vsix,
    (place) => writeManyRuns(place, runs, events),
    async (workbench, server) => {
      await server.logged(/Listed \d+ runs in (\d+) ms/);
      const start = performance.now();
      await workbench.command("Focus on Runs View");
      const table = new RunsTable(workbench.page);
      await table.count.filter({ hasText: /^100\d runs/ }).waitFor();
      const shown = performance.now() - start;
      await setTimeout(3000);
      const { perSecond, longest } = await framesWhileScrolling(workbench.page);
      const host = extensionHost(server);
      const { share } = await loadOf(host, 20);
      console.log(
        `The table of ${runs} runs: there ${shown.toFixed(0)} ms after the command; scrolling ${perSecond.toFixed(0)} frames/s, the longest ${longest.toFixed(0)} ms; the extension host at rest beside it ${(100 * share).toFixed(1)} % of a core`,
      );
    },
  );
}

/** What can be measured alone, in this order. */
const parts = {
  log: () => console.log(logGrowth()),
  activation,
  open: longLogs,
  live: liveRun,
  inline,
  many: manyRuns,
  table: runsTable,
  overlay,
} as const satisfies Record<string, (editor: Editor, vsix: string, starts: number) => unknown>;

async function main(starts: number, wanted: readonly string[]): Promise<void> {
  const unknown = wanted.find((name) => !Object.hasOwn(parts, name));
  if (unknown) throw new Error(`unknown part ${unknown}; known: ${Object.keys(parts).join(", ")}`);
  const found = codeServer();
  const vsix = packedExtension();
  console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node ${process.versions.node}`);
  console.log(`VSIX for ${process.platform}-${process.arch}: ${(statSync(vsix).size / 1e6).toFixed(1)} MB`);
  if ("missing" in found) return console.log(`VS Code not measured: ${found.missing}.`);
  for (const [name, measure] of Object.entries(parts))
    if (wanted.length === 0 || wanted.includes(name)) await measure(found, vsix, starts);
}

await main(Number(process.argv[2] ?? 5), process.argv.slice(3));
