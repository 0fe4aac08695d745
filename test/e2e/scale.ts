// How Basin scales in real VS Code: long logs opened and zoomed, a run that writes a thousand events a second, a workspace with a thousand runs.
import { spawn, type ChildProcess } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Frame, Page } from "playwright-core";
import { processStartOf } from "../../src/record/disk/processTable";
import { fixtureRun, writeRun } from "../fixtures/writeRun";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

/** Clock ticks of /proc a second. */
const ticks = 100;
export type Place = Pick<Server, "workspace">;
const experimentFile = (server: Place): string => join(server.workspace, "steady.basin.json");
const runsOf = (server: Place): string => join(server.workspace, ".basin", "runs");

/** A finished run whose log holds about `events` events: three metrics lines a step. */
export function writeLongRun(
  server: Place,
  events: number,
  learningRate: number,
): { readonly id: string; readonly label: string; readonly bytes: number } {
  const id = `20260101-000000-${events}-events`;
  const folder = writeRun(runsOf(server), "edge", {
    file: experimentFile(server),
    steps: 10,
    id,
    learningRate,
  });
  const path = join(folder, "events.jsonl");
  const [header, ...rest] = readFileSync(path, "utf8").trimEnd().split("\n");
  const end = rest.findLast((line) => line.includes('"kind":"end"'));
  const fd = openSync(path, "w");
  writeSync(fd, `${header}\n`);
  const steps = Math.floor(events / 2);
  for (let from = 0; from < steps; from += 10_000) {
    const lines: string[] = [];
    for (let step = from; step < Math.min(steps, from + 10_000); step++) {
      const [time, wave] = [step / 1000, Math.sin(step / 50) + Math.sin(step * 12.9898) * 0.1];
      lines.push(
        `{"kind":"metrics","step":${step},"time":${time},"values":{"loss.train":${(2 + wave).toFixed(6)},"gradNorm":${(3 + wave).toFixed(6)}}}`,
        `{"kind":"metrics","step":${step},"time":${time},"probe":"sharpness","cost":{"products":2,"seconds":0.001},"values":{"sharpness":${(20 + wave).toFixed(6)},"sharpness.error":0.001,"stability.meanLimit":${(2 / (20 + wave)).toFixed(6)}}}`,
      );
    }
    writeSync(fd, `${lines.join("\n")}\n`);
  }
  writeSync(fd, `${end?.replace(/"step":\d+/, `"step":${steps - 1}`)}\n`);
  closeSync(fd);
  return { id, label: `η ${learningRate}`, bytes: statSync(path).size };
}

/** Many finished runs of `events` events each. */
export function writeManyRuns(server: Place, runs: number, events: number): void {
  const { info } = fixtureRun("edge", { file: experimentFile(server), steps: 10 });
  const folder = writeRun(runsOf(server), "edge", { file: experimentFile(server), steps: 10 });
  const verdict = readFileSync(join(folder, "verdict.json"));
  const lines = Array.from(
    { length: events },
    (_, step) =>
      `{"kind":"metrics","step":${step},"time":${step / 100},"values":{"loss.train":${1 / (step + 1)}}}`,
  );
  const log = `${readFileSync(join(folder, "events.jsonl"), "utf8").split("\n")[0]}\n${lines.join("\n")}\n{"kind":"end","step":${events},"time":20,"reason":"steps"}\n`;
  for (let i = 0; i < runs; i++) {
    const id = `20250101-${String(i).padStart(6, "0")}-many`;
    const own = join(runsOf(server), id);
    mkdirSync(own, { recursive: true });
    writeFileSync(join(own, "run.json"), JSON.stringify({ ...info, id }));
    writeFileSync(join(own, "events.jsonl"), log);
    writeFileSync(join(own, "verdict.json"), verdict);
  }
}

/** The page inside the frames that holds what is asked for. */
async function panelFrame(page: Page, selector = "#basin"): Promise<Frame> {
  for (const end = Date.now() + 30_000; Date.now() < end; await setTimeout(50))
    for (const frame of page.frames())
      if (await frame.evaluate(`!!document.querySelector(${JSON.stringify(selector)})`).catch(() => false))
        return frame;
  throw new Error(`There is no page with ${selector}.`);
}

/** Milliseconds from the click on a run's row to its first curve in the panel, and to all of its steps there. */
export async function openRun(
  workbench: Workbench,
  { id, label }: { readonly id: string; readonly label: string },
  lastStep: number,
): Promise<[first: number, all: number]> {
  const frame = await panelFrame(workbench.page);
  // Frames are counted from inside the page: asking from outside would take part of the time that is measured.
  const watch = `new Promise((done) => {
    const start = performance.timeOrigin + performance.now();
    let first = 0;
    const look = () => {
      const now = performance.timeOrigin + performance.now() - start;
      const shown = document.querySelector('.picker')?.dataset.run.includes(${JSON.stringify(id)});
      const drawn = [...document.querySelectorAll('.chart[data-chart="fractions"] canvas')].some((canvas) => canvas.width > 0);
      const text = document.querySelector('.progress-text')?.textContent ?? '';
      const step = Number((/step.([\\d,]+)/.exec(text)?.[1] ?? '-1').replaceAll(',', ''));
      if (shown && drawn && step > 0 && !first) first = now;
      if (shown && first && step >= ${lastStep}) return done([first, now]);
      if (now > 60000) return done([first, NaN]);
      requestAnimationFrame(look);
    };
    look();
  })`;
  const waiting = frame.evaluate(watch);
  await workbench.treeRow(label).click();
  return waiting as Promise<[number, number]>;
}

/** Frames a second while the wheel zooms in, pans and zooms out over the first chart, every chart in sight following. */
export async function framesWhileZooming(page: Page): Promise<number> {
  const frame = await panelFrame(page, '.chart[data-chart="fractions"] .u-over');
  return frame.evaluate(`new Promise((done) => {
    const over = document.querySelector('.chart[data-chart="fractions"] .u-over');
    const { left, top, width, height } = over.getBoundingClientRect();
    const wheel = (options) => over.dispatchEvent(new WheelEvent('wheel',
      { bubbles: true, cancelable: true, clientX: left + width * 0.6, clientY: top + height / 2, ...options }));
    const start = performance.now();
    let frames = 0;
    const turn = () => {
      const phase = Math.floor((performance.now() - start) / 1000);
      if (phase >= 3) return done((1000 * frames) / (performance.now() - start));
      frames++;
      if (phase === 0) wheel({ ctrlKey: true, deltaY: -40 });
      else if (phase === 1) wheel({ shiftKey: true, deltaY: 30 });
      else wheel({ ctrlKey: true, deltaY: 40 });
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  })`);
}

/** Finished runs of about `events` events each, told apart by their learning rates. */
export function writeLongRuns(server: Place, runs: number, events: number): void {
  // Their ids are made of how many events they hold.
  for (let i = 0; i < runs; i++) writeLongRun(server, events + 2 * i, 0.01 * (i + 1));
}

/** Frames a second while the table of runs scrolls from end to end and back, and the longest of them in milliseconds. */
export async function framesWhileScrolling(
  page: Page,
): Promise<{ readonly perSecond: number; readonly longest: number }> {
  const frame = await panelFrame(page, ".grid .rows .row");
  return frame.evaluate(`new Promise((done) => {
    const grid = document.querySelector('.grid');
    const start = performance.now();
    let [frames, last, longest, by] = [0, start, 0, 90];
    const turn = (now) => {
      longest = Math.max(longest, now - last);
      last = now;
      frames++;
      const before = grid.scrollTop;
      grid.scrollTop += by;
      if (grid.scrollTop === before) by = -by;
      if (now - start > 4000) return done({ perSecond: (1000 * frames) / (now - start), longest });
      requestAnimationFrame(turn);
    };
    requestAnimationFrame(turn);
  })`);
}

export interface LiveOptions {
  /** Events a second, written in batches of a tenth of one. */
  readonly perSecond: number;
  /** The experiment file in the workspace. */
  readonly file: string;
  readonly learningRate: number;
  /** Every tenth event is a reading of it; the loss stands still. */
  readonly sharpness: number;
}

/** A run that trains for ever as far as its folder tells: another process writes its log. */
export async function writeLiveRun(
  server: Server,
  { perSecond, file, learningRate, sharpness }: LiveOptions,
): Promise<{ readonly folder: string; readonly log: string; readonly writer: ChildProcess }> {
  const options = {
    file: join(server.workspace, file),
    id: "20991231-000000-live",
    learningRate,
    batchSize: "full",
  } as const;
  const folder = writeRun(runsOf(server), "empty", options);
  const log = join(folder, "events.jsonl");
  const code = `
    const { appendFileSync } = require("node:fs");
    let step = 0;
    const start = Date.now();
    setInterval(() => {
      const due = Math.floor(((Date.now() - start) * ${perSecond}) / 1000);
      let lines = "";
      for (; step < due; step++) {
        const values = step % 10 === 0
          ? { sharpness: ${sharpness}, "stability.meanLimit": ${2 / sharpness}, "stability.limit": ${2 / sharpness} }
          : { "loss.train": 1 + 0.01 * Math.sin(step), gradNorm: 1 };
        lines += JSON.stringify({ kind: "metrics", step, time: step / ${perSecond}, values }) + "\\n";
      }
      appendFileSync(process.argv[1], lines);
    }, 100);`;
  const writer = spawn(process.execPath, ["-e", code, log], { stdio: "ignore" });
  const { pid = 0 } = writer;
  mkdirSync(join(folder, "processes"));
  const claim = { pid, started: processStartOf(pid) ?? "", host: hostname(), at: new Date().toISOString() };
  writeFileSync(join(folder, "processes", "1.json"), JSON.stringify(claim));
  await setTimeout(500);
  return { folder, log, writer };
}

/** A line of a log: sharpness and its limits at a step. */
export function readingLine(step: number, sharpness: number): string {
  const values = { sharpness, "stability.meanLimit": 2 / sharpness, "stability.limit": 2 / sharpness };
  return `${JSON.stringify({ kind: "metrics", step, time: step, values })}\n`;
}

/** Milliseconds from readings appended to a run's log to another picture in its inline panel, one for each. */
export async function timesToPicture(
  workbench: Workbench,
  log: string,
  { from, times }: { readonly from: number; readonly times: number },
): Promise<number[]> {
  const picture = workbench.inlinePanel.locator('img[src^="data:image/svg"]').first();
  const found: number[] = [];
  for (let i = 0; i < times; i++) {
    await setTimeout(2000);
    const before = await picture.getAttribute("src");
    const start = performance.now();
    appendFileSync(log, readingLine(from + i, 10 + i));
    while ((await picture.getAttribute("src")) === before) await setTimeout(5);
    found.push(performance.now() - start);
  }
  return found;
}

/** The window's extension host: the newest process below the server that is one, since others belong to windows that are closing. */
export function extensionHost({ pid }: Pick<Server, "pid">): number {
  const read = (process: number | string, file: string): string => {
    try {
      return readFileSync(`/proc/${process}/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  const below = (process: number): boolean => {
    for (let at = process; at > 1; at = Number(read(at, "stat").split(") ").pop()?.split(" ")[1]))
      if (at === pid) return true;
    return false;
  };
  const hosts = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && read(name, "cmdline").includes("--type=extensionHost"))
    .map(Number);
  return Math.max(...hosts.filter(below));
}

/** Share of a core that a process used over the next `seconds`, and its memory at the end in MB. */
export async function loadOf(
  pid: number,
  seconds: number,
): Promise<{ readonly share: number; readonly megabytes: number }> {
  const used = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  };
  const before = used();
  await setTimeout(1000 * seconds);
  return { share: (used() - before) / seconds, megabytes: memoryOf(pid) };
}

export const memoryOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;

/** How far the panel is behind the log at its worst, in seconds, over ten looks. */
export async function panelBehind(workbench: Workbench, log: string, perSecond: number): Promise<number> {
  const frame = await panelFrame(workbench.page);
  let worst = 0;
  for (let i = 0; i < 10; i++) {
    const text = await frame.evaluate("document.querySelector('.progress-text')?.textContent ?? ''");
    const shown = Number((/step.([\d,]+)/.exec(String(text))?.[1] ?? "0").replaceAll(",", ""));
    const lines = readFileSync(log, "utf8").trimEnd();
    const written = Number(/"step":(\d+)/.exec(lines.slice(lines.lastIndexOf("\n") + 1))?.[1]);
    worst = Math.max(worst, (written - shown) / perSecond);
    await setTimeout(500);
  }
  return worst;
}
