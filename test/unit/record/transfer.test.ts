// A series told in deltas arrives as it is, however it changed between two of them.
import { describe, expect, it } from "vitest";
import { decodeEvent } from "../../../src/record/decodeEvent";
import { RunSeries } from "../../../src/record/runSeries";
import { receive, SeriesSender, type SeriesDelta } from "../../../src/record/transfer";
import { Rng } from "../../../src/util/rng";

const metrics = (step: number, values: object) => decodeEvent({ kind: "metrics", step, time: step, values })!;
const header = (more: object) => decodeEvent({ kind: "header", schema: 1, id: "r", steps: 9, ...more })!;

function plain(series: RunSeries) {
  const { latest, notes, step, time, ended, diverged, clock } = series;
  const columns = [...series.columns].map(([name, { steps, values }]) => [name, [...steps], [...values]]);
  return { columns, latest: [...latest].sort(), notes, step, time, ended, diverged, clock: [...clock.steps] };
}

describe("a series told in deltas", () => {
  it("arrives as it is: growth, resumes, late steps, lists, at any moment asked", () => {
    const rng = new Rng(3, "transfer");
    const [here, there] = [new RunSeries(), new RunSeries()];
    const sender = new SeriesSender(here);
    let step = 0;
    for (let i = 0; i < 400; i++) {
      const dice = rng.uniform();
      if (dice < 0.03) here.add(header({ resumedAt: (step = Math.floor(step * rng.uniform())) }));
      else if (dice < 0.06) here.add(decodeEvent({ kind: "note", step, message: `note ${i}` })!);
      else if (dice < 0.1) here.add(metrics(Math.floor(step / 2), { "loss.train": dice }));
      else
        here.add(
          metrics(step++, {
            "loss.train": dice,
            eigenvalues: [dice, -dice],
            ...(dice < 0.3 ? { sharpness: NaN } : {}),
          }),
        );
      if (rng.uniform() > 0.2) continue;
      const delta = sender.next();
      if (delta) receive(there, structuredClone(delta));
      expect(plain(there)).toEqual(plain(here));
      expect(sender.next()).toBeNull();
    }
  });

  it("comes in pieces of bounded size when there is much of it", () => {
    const [here, there] = [new RunSeries(), new RunSeries()];
    here.add(metrics(0, { a: 0 }));
    for (let step = 1; step < 1_000_000; step++) here.column("a").add(step, step);
    const sender = new SeriesSender(here);
    const sizes: number[] = [];
    for (let delta: SeriesDelta | null = sender.next(); delta; delta = sender.next()) {
      sizes.push(delta.columns.reduce((sum, { steps }) => sum + steps.length, 0));
      receive(there, delta);
    }
    expect(sizes.length).toBeGreaterThan(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(600_000);
    expect(there.column("a").length).toBe(1_000_000);
  });

  it("of a long run begins with a picture of the whole, which the points themselves replace", () => {
    const [here, there] = [new RunSeries(), new RunSeries()];
    here.add(metrics(0, { a: 0, b: 0 }));
    for (let step = 1; step < 400_000; step++)
      here.column("a").add(step, step === 123_456 ? 9 : Math.sin(step / 1000));
    const sender = new SeriesSender(here);
    const first = sender.next()!;
    receive(there, first);
    const { steps, values } = there.column("a");
    expect(steps.length).toBeLessThan(5000);
    expect([steps[0], steps.at(-1)]).toEqual([0, 399_999]);
    expect(Math.max(...values)).toBe(9);
    for (let delta = sender.next(); delta; delta = sender.next()) receive(there, delta);
    expect(plain(there)).toEqual(plain(here));
  });
});
