// The one fold: what a log says, whatever its order, its length, or how often its run was resumed.
import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../../src/protocol/events";
import { decodeEvent, decodeLine } from "../../../src/record/decodeEvent";
import { RunSeries } from "../../../src/record/runSeries";

const header = (more: object = {}): RunEvent =>
  decodeEvent({ kind: "header", schema: 1, id: "r", name: "r", steps: 100, probes: [], ...more })!;
const metrics = (step: number, values: object, more: object = {}): RunEvent =>
  decodeEvent({ kind: "metrics", step, time: step / 10, values, ...more })!;

function fold(...events: RunEvent[]): RunSeries {
  const series = new RunSeries();
  for (const event of events) series.add(event);
  return series;
}

describe("RunSeries", () => {
  it("takes a log of 300 000 events", () => {
    const series = fold(header());
    for (let step = 0; step < 300_000; step++) series.add(metrics(step, { "loss.train": step }));
    expect(series.column("loss.train").length).toBe(300_000);
    expect(series.step).toBe(299_999);
  });

  it("knows the limits in force after a resume, until the next reading of each", () => {
    const before = [header(), metrics(0, { "stability.meanLimit": 2.5, "stability.varianceLimit": 0.445 })];
    const series = fold(...before, metrics(10, { "stability.meanLimit": 2.2 }), header({ resumedAt: 10 }));
    expect(series.number("stability.varianceLimit")).toBe(0.445);
    series.add(metrics(10, { "stability.meanLimit": 2.136 }));
    expect(series.number("stability.limit")).toBe(0.445);
    expect(Array.from(series.column("stability.limit").values)).toEqual([0.445, 0.445]);
  });

  it("takes the limit of a judgement with the mean limit of its own step, not with the latest, and a note once", () => {
    const means = [0.5, 0.3, 0.1].map((limit, i) => metrics(10 * i, { "stability.meanLimit": limit }));
    const judged = [0.6, 0.2].map((limit, i) => metrics(10 * i, { "stability.varianceLimit": limit }));
    const note: RunEvent = { kind: "note", step: 10, message: "factors/step-20.safetensors is damaged" };
    const series = fold(header(), ...means, ...judged, note);
    expect(Array.from(series.column("stability.limit").values)).toEqual([0.5, 0.2, 0.1]);
    for (const event of [...judged, note]) series.add(event);
    expect(Array.from(series.column("stability.limit").values)).toEqual([0.5, 0.2, 0.1]);
    expect(series.notes).toHaveLength(1);
  });

  it("takes back what a resume repeats, and the end of the process before it", () => {
    const end: RunEvent = { kind: "end", step: 30, time: 3, reason: "interrupted" };
    const series = fold(header(), ...[0, 10, 20, 30].map((s) => metrics(s, { sharpness: s })), end);
    series.add(header({ resumedAt: 20 }));
    expect(Array.from(series.column("sharpness").steps)).toEqual([0, 10]);
    expect([series.step, series.ended, series.number("sharpness")]).toEqual([20, undefined, 10]);
    series.add(metrics(20, { sharpness: 21 }));
    expect(Array.from(series.column("sharpness").values)).toEqual([0, 10, 21]);
  });

  it("puts the last steps of a diverged run, told after it diverged, where they belong", () => {
    const earlier = { steps: [3, 5, 7], times: [0.3, 0.7], values: { "loss.train": [3, 5, 7] } };
    const series = fold(
      metrics(4, { "loss.train": 4 }),
      metrics(8, { "loss.train": "Infinity" }, { earlier }),
    );
    expect(Array.from(series.column("loss.train").steps)).toEqual([3, 4, 5, 7, 8]);
    expect(series.column("loss.train").values[4]).toBe(Infinity);
  });

  it("shows a script's own metrics by the names its header gives them", () => {
    const info = { name: "my.f1", label: "F1", unit: "1", about: "harmonic mean" };
    const series = fold(header({ metrics: [info] }), metrics(1, { "my.f1": 0.5, "my.other": 2 }));
    expect(series.infoOf("my.f1")).toEqual(info);
    expect(series.infoOf("my.other").label).toBe("my.other");
    expect(series.number("my.f1")).toBe(0.5);
  });

  it("keeps how each probe measures a metric that two of them read", () => {
    const series = new RunSeries();
    const limit = (step: number, probe: string, how?: object) =>
      series.add(
        metrics(step, { "stability.limit": 0.1 }, { probe, ...(how && { how: { "stability.limit": how } }) }),
      );
    const said = () => series.latest.get("stability.limit");
    limit(1, "sharpness", { how: "estimate", method: "mean" });
    limit(2, "noise", { how: "exact", method: "mean-square" });
    limit(3, "sharpness");
    expect(said()).toMatchObject({ step: 3, how: "estimate", method: "mean" });
    limit(4, "noise");
    expect(said()).toMatchObject({ step: 4, how: "exact", method: "mean-square" });
    // One that has said nothing itself: as it was said last.
    limit(5, "generalization");
    expect(said()).toMatchObject({ step: 5, how: "exact" });
    series.add(header({ resumedAt: 3 }));
    expect(series.methodsOf.size).toBe(0);
  });

  it("keeps how a metric was measured until it is told otherwise", () => {
    const how = { sharpness: { how: "estimate", method: "Lanczos" } };
    const series = fold(
      metrics(0, { sharpness: 1, "sharpness.error": 0.1 }, { how }),
      metrics(1, { sharpness: 2 }),
    );
    expect(series.latest.get("sharpness")).toMatchObject({ value: 2, how: "estimate", method: "Lanczos" });
    expect(series.latest.get("sharpness.error")?.value).toBe(0.1);
  });

  it("in a summary keeps the newest points alone", () => {
    const series = new RunSeries(100);
    for (let step = 0; step < 1000; step++) series.add(metrics(step, { sharpness: step }));
    const { steps } = series.column("sharpness");
    expect(steps.length).toBeLessThanOrEqual(200);
    expect(steps[steps.length - 1]).toBe(999);
  });
});

describe("decodeLine", () => {
  it.each([
    ["", "damaged"],
    ["{", "damaged"],
    ["[]", "damaged"],
    ["null", "damaged"],
    ['{"kind":"metrics","step":-1,"values":{}}', "damaged"],
    ['{"kind":"metrics","step":1.5,"values":{}}', "damaged"],
    ['{"kind":"metrics","step":1}', "damaged"],
    ['{"kind":"end","step":1,"time":1,"reason":"boredom"}', "damaged"],
    ['{"kind":"constructor"}', "unknown"],
    ['{"kind":"telepathy","step":1}', "unknown"],
  ])("%s is %s", (line, what) => expect(decodeLine(line)).toBe(what));

  it("turns words into numbers once, and leaves out what is no number", () => {
    const event = decodeLine(
      '{"kind":"metrics","step":1,"time":2,"values":{"a":"NaN","b":["Infinity",1],"c":"x","d":[1,"x"]}}',
    );
    expect(event).toEqual({ kind: "metrics", step: 1, time: 2, values: { a: NaN, b: [Infinity, 1] } });
  });
});
