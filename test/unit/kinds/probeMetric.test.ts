// A metric that only its probe declares reaches every reader: the log's header carries its label and unit, and its error bar is written.
import { expect, it } from "vitest";
import type { RunEvent } from "../../../src/protocol/events";
import { metricInfo } from "../../../src/protocol/metrics";
import { stringify } from "../../../src/protocol/numbers";
import { decodeLine } from "../../../src/record/decodeEvent";
import { RunSeries } from "../../../src/record/runSeries";
import { ReadingsWriter } from "../../../src/run/readingsEvent";
import type { Reading } from "../../../src/types/reading";

it("touches one file: the probe", () => {
  const declared = ["mine.curl", "mine.curl.error"].map((name) => ({
    name,
    label: `label of ${name}`,
    unit: "loss",
    about: "∮",
  }));
  expect(declared.map(({ name }) => metricInfo(name))).toEqual([undefined, undefined]);
  const reading: Reading = {
    metric: "mine.curl",
    value: 2,
    error: 0.5,
    how: "estimate",
    method: "loops",
    cost: { products: 1, seconds: 0 },
  };
  const event = new ReadingsWriter(declared).event([reading], { step: 3, time: 1, probe: "mine" });
  const header = { kind: "header", schema: 1, id: "x", metrics: declared };
  const series = new RunSeries();
  for (const line of [header, event]) {
    const decoded = decodeLine(stringify(line));
    expect(typeof decoded).toBe("object");
    series.add(decoded as RunEvent);
  }
  expect(series.number("mine.curl")).toBe(2);
  expect(series.number("mine.curl.error")).toBe(0.5);
  expect(series.infoOf("mine.curl")).toEqual(declared[0]);
  expect(series.latest.get("mine.curl")).toMatchObject({ how: "estimate", method: "loops" });
});
