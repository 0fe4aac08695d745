// The output of a notebook cell: what a script writes is shown, and what anyone else writes costs nothing but itself.
import { readFileSync } from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { decodeFromNotebook } from "../../../src/record/notebookMessages";
import { decodeOutput } from "../../../src/record/notebookOutput";
import { EventTail } from "../../../src/record/disk/tail";
import { RunSeries } from "../../../src/record/runSeries";
import { writeRun } from "../../fixtures/writeRun";

const runs = mkdtempSync(join(tmpdir(), "basin-notebook-"));
afterAll(() => rmSync(runs, { recursive: true, force: true }));
const folder = writeRun(runs, "unstable", { steps: 200 });
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), "utf8"));
const lines = readFileSync(join(folder, "events.jsonl"), "utf8").trim().split("\n");
const events = lines.map((line): unknown => JSON.parse(line));
const snapshot = { run: read("run.json"), events, verdict: read("verdict.json") };

test("a snapshot is the run folder's own files, and is shown as the folder would be", () => {
  const output = decodeOutput({ version: 1, folder: ".basin/runs/a", snapshot });
  const series = new RunSeries();
  for (const event of new EventTail(join(folder, "events.jsonl")).read(1 << 24).events) series.add(event);
  expect(output).toMatchObject({
    folder: ".basin/runs/a",
    snapshot: { status: "finished", verdict: { verdict: "unstable-mean" } },
  });
  expect(output.snapshot?.series.latest).toEqual(series.latest);
  expect(output.snapshot?.series.step).toBe(series.step);
});

test("events that are none are passed over; a run that had not ended is not called finished", () => {
  const some = [...events.slice(0, 5), null, 3, { kind: "metrics", step: "x" }, { kind: "constructor" }];
  const { snapshot: shown } = decodeOutput({ version: 1, snapshot: { run: snapshot.run, events: some } });
  expect(shown).toMatchObject({ status: "unknown", verdict: null });
});

test.each([
  [null, /no \{ "version": 1/],
  [[], /no \{ "version": 1/],
  [{ folder: "a" }, /version none/],
  [{ version: 2, folder: "a" }, /version 2; this Basin reads version 1/],
  [{ version: 1 }, /names no run/],
  [{ version: 1, folder: 7 }, /names no run/],
  [{ version: 1, snapshot: { run: {} } }, /has no experiment/],
  [
    { version: 1, folder: "a", snapshot: { run: { experiment: { optimizer: {} } } } },
    /has no optimizer.learningRate/,
  ],
])("%j says what is wrong with it", (raw, problem) => {
  expect(decodeOutput(raw).problem).toMatch(problem);
  expect(decodeOutput(raw).snapshot).toBeUndefined();
});

test.each([
  { kind: "show", output: "1", folder: "/r" },
  { kind: "leave", output: "1" },
  { kind: "received", output: "1" },
  { kind: "stop", run: "/r" },
  { kind: "openPanel", run: "/r" },
])("%j is a message of an output", (message) => {
  expect(decodeFromNotebook({ ...message, more: 1 })).toEqual(message);
});

test.each([
  null,
  "show",
  { kind: "show", output: "1" },
  { kind: "show", output: 1, folder: "/r" },
  { kind: "show", output: "1", folder: "x".repeat(10_000) },
  { kind: "command", command: "run" },
  { kind: "resume", run: "/r" },
  { kind: "field", change: "set", path: ["seed"], typed: "1" },
  { kind: "constructor", run: "/r" },
])("%j is none", (message) => {
  expect(decodeFromNotebook(message)).toBeNull();
});
