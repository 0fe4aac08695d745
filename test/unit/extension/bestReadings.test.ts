// Best readings for the table: each log of a run that has ended is read once, however often they are asked for.
import { expect, test } from "vitest";
import { BestReadings } from "../../../src/extension/table/bestReadings";
import type { RunSource } from "../../../src/extension/workspace/runSource";
import type { RunRecord } from "../../../src/launchers";
import { emptyNote } from "../../../src/record/runNote";
import { fixtureRun } from "../../fixtures/writeRun";

const limits = { sharpness: Infinity, preconditionedSharpness: Infinity, nonuniformity: Infinity };
const record = (folder: string, change: Partial<RunRecord> = {}): RunRecord => ({
  folder,
  ...fixtureRun("edge", { id: folder, steps: 100 }),
  status: "finished",
  step: 100,
  time: 1,
  flag: null,
  forecast: null,
  last: {},
  damage: [],
  note: emptyNote,
  limits,
  place: null,
  ...change,
});

/** A source whose logs come in two pieces; one of them cannot be read. */
function sourceOf(opened: string[]): Pick<RunSource, "log"> {
  const { events } = fixtureRun("edge", { steps: 100 });
  return {
    log: (folder) => {
      opened.push(folder);
      const pieces = [events.slice(0, 50), events.slice(50)];
      return {
        begin: () => null,
        forget: () => undefined,
        keep: () => Promise.resolve(),
        read: () => {
          if (folder === "broken") throw new Error("is a link");
          return { events: pieces.shift() ?? [], restarted: false, more: pieces.length > 0 };
        },
      };
    },
  };
}

test("those that have ended are read once and told, one that trains waits, one that is broken has none", async () => {
  const opened: string[] = [];
  const runs = [record("a"), record("trains", { status: "running" }), record("broken"), record("b")];
  let told = 0;
  const best: BestReadings = new BestReadings(sourceOf(opened), () => {
    told++;
    // As the table does: it tells its page, and asks again.
    best.want(runs);
  });
  best.want(runs);
  best.want(runs);
  await expect.poll(() => Object.keys(best.of(runs[3])).length).toBeGreaterThan(0);
  await expect.poll(() => told).toBeGreaterThan(0);
  const losses = fixtureRun("edge", { steps: 100 }).events.flatMap((event) =>
    event.kind === "metrics" && typeof event.values["loss.train"] === "number"
      ? [event.values["loss.train"]]
      : [],
  );
  expect(best.of(runs[0])["loss.train"]).toBe(Math.min(...losses));
  expect(best.of(runs[1])).toEqual({});
  expect(best.of(runs[2])).toEqual({});
  best.want(runs);
  expect(opened).toEqual(["a", "broken", "b"]);
  best.want([record("a", { step: 200 })]);
  await expect.poll(() => opened).toEqual(["a", "broken", "b", "a"]);
  best.dispose();
});
