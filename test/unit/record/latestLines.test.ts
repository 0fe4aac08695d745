// A list of runs passes readings over that later ones replace: what it says of a run is what a fold of all lines says.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/protocol/events";
import { stringify } from "../../../src/protocol/numbers";
import { RunTail } from "../../../src/record/disk/runTail";
import { latestOfEachShape } from "../../../src/record/latestLines";
import { encodeEvent, pack } from "../../../src/record/pack";
import { RunSeries } from "../../../src/record/runSeries";
import { Rng } from "../../../src/util/rng";

const dynamics = { preconditioned: false };
const header = (resumedAt?: number): RunEvent => ({
  kind: "header",
  schema: 1,
  id: "run",
  name: "run",
  parameters: 3,
  examples: 4,
  outputs: 1,
  engine: "wasm",
  probes: [],
  steps: 1e6,
  dynamics,
  ...(resumedAt !== undefined && { resumedAt }),
});

/** Readings of several probes, some with a metric that the others lack, checkpoints, notes and resumes. */
function randomEvents(uniform: () => number, steps: number): RunEvent[] {
  const events: RunEvent[] = [header()];
  for (let step = 0; step < steps; step++) {
    const sharpness = 10 + uniform();
    const values = { sharpness, "sharpness.error": 0.01, eigenvalues: [sharpness, 3 + uniform()] };
    const how =
      step % 400 === 0 ? { how: { sharpness: { how: "estimate", method: `at ${step}` } } as const } : {};
    events.push({ kind: "metrics", step, time: step, probe: "sharpness", values, ...how });
    if (uniform() < 0.2)
      events.push({ kind: "metrics", step, time: step, values: { "loss.train": uniform() } });
    if (uniform() < 0.1) {
      const noise: Record<string, number> = {
        nonuniformity: uniform(),
        "stability.varianceLimit": 0.1 * uniform(),
        ...(uniform() < 0.05 && { "stability.typicalLimit": uniform() }),
      };
      events.push({ kind: "metrics", step, time: step, probe: "noise", values: noise });
    }
    if (uniform() < 0.02) events.push({ kind: "checkpoint", step, file: `${step}` });
    if (uniform() < 0.01) events.push({ kind: "note", step, message: `at ${step}` });
    if (uniform() < 0.003) events.push(header(step + 1));
  }
  events.push({ kind: "end", step: steps, time: steps, reason: "steps" });
  return events;
}

/** What a list says of a run. */
const said = ({ latest, step, time, headers, notes, checkpoints, ended, diverged, rewinds }: RunSeries) => ({
  latest: Object.fromEntries(latest),
  step,
  time,
  headers,
  notes,
  checkpoints,
  ended,
  diverged,
  rewinds,
});

describe("the latest lines of each shape", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "basin-latest-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([1, 2, 3, 4, 5])("say of a run what all its lines say (seed %i)", (seed) => {
    const rng = new Rng(seed);
    const uniform = () => rng.uniform();
    const path = join(folder, "events.jsonl");
    writeFileSync(path, "");
    const [all, latest] = [new RunTail(folder), new RunTail(folder)];
    const [whole, brief] = [new RunSeries(128), new RunSeries(128)];
    const events = randomEvents(uniform, 4000);
    let [every, kept] = [0, 0];
    for (let at = 0; at < events.length;) {
      const flight = events.slice(at, (at += 1 + Math.floor(1000 * uniform())));
      const packed = seed % 2 === 0 ? pack(flight) : flight;
      appendFileSync(path, packed.map((event) => `${stringify(encodeEvent(event))}\n`).join(""));
      const [full, few] = [all.read().events, latest.read(Infinity, true).events];
      every += full.length;
      kept += few.length;
      for (const event of full) whole.add(event);
      for (const event of few) brief.add(event);
      expect(said(brief)).toEqual(said(whole));
    }
    // Else nothing was passed over, and nothing tried.
    expect(kept).toBeLessThan(0.6 * every);
  });

  it("keep the last readings in a row, in their order, and all that is no reading", () => {
    const line = (step: number, name: string) =>
      JSON.stringify({ kind: "metrics", step, time: 0, probe: name, values: { [name]: step } });
    const note = JSON.stringify({ kind: "note", step: 3, message: "here" });
    const lines = [...[1, 2, 3].map((step) => line(step, "rare")), note];
    for (let step = 4; step < 100; step++) lines.push(line(step, "sharpness"));
    lines.push("no event", "");
    expect(latestOfEachShape(lines)).toEqual([
      ...lines.slice(0, 4),
      ...[94, 95, 96, 97, 98, 99].map((step) => line(step, "sharpness")),
      "no event",
      "",
    ]);
  });

  it("keep of packed readings the last line alone, which holds several in a row", () => {
    const line = (step: number) => {
      const earlier = { steps: { from: step - 4, every: 1, n: 4 }, times: [0, 0], values: {} };
      return JSON.stringify({
        kind: "metrics",
        step,
        time: 0,
        probe: "sharpness",
        values: { x: 1 },
        earlier,
      });
    };
    const plain = JSON.stringify({ kind: "metrics", step: 1, time: 0, probe: "sharpness", values: { x: 1 } });
    expect(latestOfEachShape([plain, line(10), line(20), line(30)])).toEqual([plain, line(30)]);
  });
});
