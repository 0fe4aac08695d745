// Following a log while it grows: torn lines, garbage, many bytes a character, resumes.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { followRun, readRun } from "../../../src/launchers";
import type { RunEvent } from "../../../src/protocol/events";
import { ownClaim } from "../../../src/record/disk/processes";
import { temporary, until } from "./support";

const header = (more: object = {}) =>
  ({ kind: "header", schema: 1, id: "x", name: "x", steps: 9, ...more }) as RunEvent;
const metrics = (step: number, value: unknown = step) =>
  ({ kind: "metrics", step, time: step, values: { "loss.train": value } }) as RunEvent;
const end = (step: number) => ({ kind: "end", step, time: step, reason: "steps" }) as RunEvent;
const lines = (...events: RunEvent[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

function runFolder(claim: object = {}) {
  const folder = join(temporary(), "20260214-093012-x");
  mkdirSync(join(folder, "processes"), { recursive: true });
  const hold = (more: object = {}) =>
    writeFileSync(join(folder, "processes", "1.json"), JSON.stringify({ ...ownClaim(), ...claim, ...more }));
  hold();
  writeFileSync(join(folder, "run.json"), JSON.stringify({ id: "x", resumed: [] }));
  return { folder, log: join(folder, "events.jsonl"), hold };
}

function follow(folder: string) {
  const got = { events: [] as RunEvent[], statuses: [] as string[], warnings: [] as string[] };
  const follower = followRun(folder, {
    onEvents: (events) => got.events.push(...events),
    onStatus: (status) => got.statuses.push(status),
    onWarning: (message) => got.warnings.push(message),
  });
  onTestFinished(() => follower.dispose());
  return { ...got, follower };
}

describe("followRun", () => {
  test("gives what is there before the next turn, then what comes", async () => {
    const { folder, log, hold } = runFolder();
    writeFileSync(log, lines(header(), metrics(1)));
    const got = follow(folder);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(got.events).toHaveLength(2);
    expect(got.statuses).toEqual(["running"]);
    appendFileSync(log, lines(metrics(2), end(2)));
    hold({ exit: 0 });
    await until(() => got.statuses.length === 2);
    expect(got.events).toHaveLength(4);
    expect(got.statuses).toEqual(["running", "finished"]);
  });

  test("keeps a torn line until its newline, even when torn inside a character", async () => {
    const { folder, log } = runFolder();
    const note = { kind: "note", step: 1, message: "η grows – λ too 🎯" } as RunEvent;
    const bytes = Buffer.from(lines(header(), note));
    const cut = bytes.indexOf(Buffer.from("🎯")) + 2;
    writeFileSync(log, bytes.subarray(0, cut));
    const got = follow(folder);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(got.events).toHaveLength(1);
    appendFileSync(log, bytes.subarray(cut));
    await until(() => got.events.length === 2);
    expect(got.events[1]).toEqual(note);
    expect(got.warnings).toEqual([]);
  });

  test("skips garbage and unknown kinds with one warning", async () => {
    const { folder, log } = runFolder();
    const strange = `garbage\n\0\0\0\n{"kind":"from-the-future"}\n[1]\nnull\n\n`;
    writeFileSync(log, lines(header()) + strange + lines(metrics(1)));
    const got = follow(folder);
    await until(() => got.events.length === 2);
    expect(got.warnings).toHaveLength(1);
    expect(got.warnings[0]).toContain(folder);
  });

  test("gives nothing any more once disposed", async () => {
    const { folder, log } = runFolder();
    writeFileSync(log, lines(header()));
    const got = follow(folder);
    got.follower.dispose();
    appendFileSync(log, lines(metrics(1)));
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(got.events).toEqual([]);
  });

  test("starts before the folder is a run", async () => {
    const folder = join(temporary(), "later");
    const got = follow(folder);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(got.statuses).toEqual([]);
    mkdirSync(folder);
    writeFileSync(join(folder, "run.json"), JSON.stringify({ id: "later" }));
    await until(() => got.statuses.length === 1);
    expect(got.statuses).toEqual(["queued"]);
  });
});

describe("a resume in the log", () => {
  test("takes an earlier end back", async () => {
    const { folder, log, hold } = runFolder({ exit: 0 });
    writeFileSync(log, lines(header(), metrics(3), end(3)));
    expect((await readRun(folder)).status).toBe("finished");
    appendFileSync(log, lines(header({ resumedAt: 2 })));
    hold({ exit: undefined });
    expect(await readRun(folder)).toMatchObject({ status: "running", step: 2, last: {} });
  });
});

describe("what a folder says of its process", () => {
  test("a later process with the same pid is not the run", async () => {
    const { folder, log } = runFolder({ started: "1" });
    writeFileSync(log, lines(header(), metrics(1)));
    const sure = process.platform === "win32" ? "running" : "died";
    expect((await readRun(folder)).status).toBe(sure);
  });

  test("numbers that are not finite come as numbers", async () => {
    const { folder, log } = runFolder();
    const values = { "loss.train": "NaN", sharpness: "Infinity", eigenvalues: ["Infinity", 1] };
    writeFileSync(log, lines(header(), { kind: "metrics", step: 1, time: 1, values } as unknown as RunEvent));
    expect((await readRun(folder)).last).toEqual({
      "loss.train": NaN,
      sharpness: Infinity,
      eigenvalues: [Infinity, 1],
    });
  });
});
