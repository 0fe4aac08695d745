// A run's log and its judgements, two files, as one stream: where one is replaced both are told anew.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RunTail } from "../../../src/record/disk/runTail";
import type { TailSlice } from "../../../src/record/tailSlice";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "basin-tail-"));
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (name: string, step: number) =>
  `${JSON.stringify({ kind: "metrics", step, time: step, values: { [name]: step } })}\n`;
const loss = (step: number) => line("loss.train", step);
const limit = (step: number) => line("stability.varianceLimit", step);
const log = () => join(folder, "events.jsonl");
const judged = () => join(folder, "judgements.jsonl");
const told = ({ events, restarted }: TailSlice) => [
  restarted,
  events.map((event) => (event.kind === "metrics" ? `${Object.keys(event.values)[0]} ${event.step}` : "")),
];

test("judgements come behind the log, each once, as both grow", () => {
  writeFileSync(log(), loss(0) + loss(10));
  writeFileSync(judged(), limit(0));
  const tail = new RunTail(folder);
  expect(told(tail.read())).toEqual([false, ["loss.train 0", "loss.train 10", "stability.varianceLimit 0"]]);
  appendFileSync(judged(), limit(10));
  appendFileSync(log(), loss(20));
  expect(told(tail.read())).toEqual([false, ["loss.train 20", "stability.varianceLimit 10"]]);
});

test("what may not be in judgements is left out", () => {
  writeFileSync(log(), loss(0));
  writeFileSync(
    judged(),
    `{"kind":"header","resumedAt":0}\n${limit(0)}{"kind":"end","step":0,"time":0,"reason":"steps"}\n`,
  );
  expect(told(new RunTail(folder).read())).toEqual([false, ["loss.train 0", "stability.varianceLimit 0"]]);
});

test.each([
  [
    "judgements",
    () => writeFileSync(judged(), limit(5)),
    ["loss.train 0", "loss.train 10", "stability.varianceLimit 5"],
  ],
  [
    "log",
    () => writeFileSync(log(), loss(7)),
    ["loss.train 7", "stability.varianceLimit 0", "stability.varianceLimit 10"],
  ],
])(
  "where the %s are replaced by something shorter, both are told anew, and nothing twice",
  (which, replace, all) => {
    writeFileSync(log(), `${loss(0)}broken\n${loss(10)}`);
    writeFileSync(judged(), limit(0) + limit(10));
    const tail = new RunTail(folder);
    tail.read();
    expect(tail.damagedLines).toBe(1);
    replace();
    const slice = tail.read();
    expect(told(slice)).toEqual([true, all]);
    expect(tail.damagedLines).toBe(which === "log" ? 0 : 1);
    expect(told(tail.read())).toEqual([false, []]);
  },
);
