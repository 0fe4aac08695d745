// What lists and notifications say of runs.
import { expect, test } from "vitest";
import { differingKeys, labelOf } from "../../../src/extension/runLabel";
import { noticesOf } from "../../../src/extension/workspace/notices";
import type { RunRecord } from "../../../src/launchers";
import { emptyNote } from "../../../src/record/runNote";
import type { Experiment } from "../../../src/protocol/experiment";
import { fixtureRun, type FixtureKind } from "../../fixtures/writeRun";

function record(kind: FixtureKind, change: Partial<RunRecord> = {}, experiment: Partial<Experiment> = {}) {
  const { info, verdict } = fixtureRun(kind);
  const status = verdict ? "finished" : "running";
  const run: RunRecord = {
    folder: "/runs/a",
    info: { ...info, experiment: { ...info.experiment, ...experiment } },
    status,
    step: 10,
    time: 1,
    verdict,
    flag: null,
    forecast: null,
    last: {},
    damage: [],
    note: emptyNote,
    limits: { sharpness: Infinity, preconditionedSharpness: Infinity, nonuniformity: Infinity },
    place: null,
    ...change,
  };
  return run;
}

const training = (change: Partial<RunRecord> = {}) =>
  record("unstable", { status: "running", verdict: null, ...change });
const flag = { learningRate: 0.1, limit: 0.05, since: 3, step: 9, readings: 6 } as RunRecord["flag"];

test("runs of one file are told apart by the settings in which they differ, and by no other", () => {
  const model = { kind: "mlp", hidden: [40], activation: "tanh", bias: true } as Experiment["model"];
  const runs = [
    record("edge"),
    record("edge", { folder: "/runs/b" }, { model, launch: { on: "local", concurrency: 4 } }),
  ];
  const differing = differingKeys(runs);
  expect(differing).toEqual(["model.hidden"]);
  expect(runs.map((run) => labelOf(run, differing))).toEqual([
    "η 0.1, B 4, hidden20",
    "η 0.1, B 4, hidden40",
  ]);
  expect(labelOf(runs[0])).toBe("η 0.1, B 4");
});

test("a run that ends is told with its verdict, once, and only where it was seen to train", () => {
  const ended = record("unstable");
  const [notice, ...more] = noticesOf([training()], [ended]);
  expect(more).toEqual([]);
  expect(notice).toMatchObject({ flagged: true, ended: true });
  expect(notice.text).toContain(ended.verdict!.summary);
  expect(noticesOf([ended], [ended])).toEqual([]);
  expect(noticesOf([], [ended])).toEqual([]);
});

test("a run that was stopped or failed is not told of twice", () => {
  for (const status of ["interrupted", "failed", "died"] as const)
    expect(noticesOf([training()], [record("unstable", { status })])).toEqual([]);
});

test("a flag is told when it is raised, while the run trains", () => {
  const [notice] = noticesOf([training()], [training({ flag })]);
  expect(notice).toMatchObject({ flagged: true, ended: false });
  expect(notice.text).toContain("beyond its limit 0.05");
  expect(noticesOf([training({ flag })], [training({ flag })])).toEqual([]);
});

test("a limit that a run will meet is told when it is foreseen, once, as neither flag nor end", () => {
  const forecast = { step: 900, share: 0.9, earliest: 1100, latest: 1250 };
  const [notice, ...more] = noticesOf([training()], [training({ forecast })]);
  expect(more).toEqual([]);
  expect(notice).toMatchObject({ flagged: false, ended: false, foretells: true });
  expect(notice.text).toContain("its sharpness meets its limit between steps 1,100 and 1,250");
  const later = { ...forecast, step: 910 };
  expect(noticesOf([training({ forecast })], [training({ forecast: later })])).toEqual([]);
  expect(noticesOf([training()], [training({ forecast })], new Set(["/runs/a"]))).toEqual([]);
  expect(noticesOf([], [training({ forecast })])).toEqual([]);
});

test("a sweep is told once, when the last of it has ended", () => {
  const point = (n: number, run: RunRecord): RunRecord => ({
    ...run,
    folder: `/runs/${n}`,
    info: { ...run.info, sweep: { id: "s", index: n, of: 2 } },
  });
  const [a, b] = [point(1, training()), point(2, training())];
  const [aEnded, bEnded] = [point(1, record("unstable")), point(2, record("edge"))];
  expect(noticesOf([a, b], [aEnded, b])).toEqual([]);
  const notices = noticesOf([aEnded, b], [aEnded, bEnded]);
  expect(notices.map(({ text, flagged }) => [text, flagged])).toEqual([
    ["Sweep demo has ended: 1 unstable: too sharp, 1 edge of stability.", true],
  ]);
});
