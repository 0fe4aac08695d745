// Run ids: readable, sortable by time, safe as folder names.
import { describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { describePoint, runId, slug } from "../../../src/protocol/runId";
import { fashion, file } from "./samples";

const date = new Date("2026-02-14T09:30:12.987Z");
const points = (overrides: string[], text = fashion) => checkExperiment(text, file, { overrides }).points;
const idOf = (overrides: string[]) => {
  const [{ experiment, overrides: changed }] = points(overrides);
  return runId(date, experiment, changed);
};

describe("runId", () => {
  it("is the contract's example for the contract's example", () => {
    expect(idOf(["optimizer.batchSize=16"])).toBe("20260214-093012-fashion-fnn-lr0.5-b16");
  });

  it("always names learning rate and batch size, and what else was changed", () => {
    expect(idOf([])).toBe("20260214-093012-fashion-fnn-lr0.5-bfull");
    expect(idOf(["optimizer.momentum=0.9", "seed=3"])).toBe(
      "20260214-093012-fashion-fnn-lr0.5-bfull-m0.9-seed3",
    );
    expect(idOf(["optimizer.learningRate=1e-7"])).toContain("-lr1e-7-");
  });

  it("differs between the points of a sweep", () => {
    const text = fashion.replace(
      "{",
      '{ "sweep": { "model.hidden": [[4], [4, 4]], "optimizer.learningRate": [1, 2], "loss": ["mse", "squared-error"] },',
    );
    const ids = points([], text).map(({ experiment, overrides }) => runId(date, experiment, overrides));
    expect(new Set(ids).size).toBe(8);
    expect(ids[7]).toBe("20260214-093012-fashion-fnn-lr2-bfull-hidden4x4-losssquared-error");
  });

  it("sorts by time", () => {
    const { experiment } = points([])[0];
    const times = [
      "2025-12-31T23:59:59Z",
      "2026-01-01T00:00:00Z",
      "2026-10-25T00:30:00Z",
      "2026-10-25T01:30:00Z",
    ];
    const ids = times.map((time) => runId(new Date(time), experiment));
    expect([...ids].sort()).toEqual(ids);
  });

  it.each([
    ["My Run: take #2", "My-Run-take-2"],
    ["../../etc/passwd", "etc-passwd"],
    ["größe 学习", "größe-学习"],
    ["…", ""],
    ["a".repeat(100), "a".repeat(60)],
    ["CON. ", "CON"],
  ])("makes the name %j safe: %j", (text, safe) => {
    expect(slug(text)).toBe(safe);
  });

  it("has a name even where nothing of the experiment's is left, and never a separator", () => {
    expect(idOf(["name=///"])).toBe("20260214-093012-run-lr0.5-bfull");
    expect(idOf(["data.train.images=../x/y.gz"])).toMatch(/^[\w.-]+$/);
  });
});

describe("describePoint", () => {
  it("is short and in the order of the changes", () => {
    expect(describePoint({ "optimizer.learningRate": 0.5, "optimizer.batchSize": 16 })).toBe("lr0.5-b16");
    expect(describePoint({ "optimizer.batchSize": "full", "data.train.images": "a/b.gz" })).toBe(
      "bfull-imagesb.gz",
    );
    expect(describePoint({})).toBe("");
  });
});
