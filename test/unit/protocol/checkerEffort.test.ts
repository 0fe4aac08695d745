// The checker's effort grows with the text and no faster, its list of problems is bounded, and a typo carries its correction.
import { describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { experimentSchema } from "../../../src/protocol/experimentSchema";
import { covered, file, least, problemsOf } from "./samples";

const wrongLayers = (count: number) =>
  JSON.stringify({
    data: { source: "chebyshev" },
    model: {
      kind: "sequential",
      layers: Array.from({ length: count }, (_, i) => ({ dense: { units: -i, nope: i } })),
    },
    optimizer: { learningRate: 0.1 },
  });

/** Processor milliseconds of the fastest of three checks. */
function effort(text: string): number {
  const times = [0, 1, 2].map(() => {
    const start = process.cpuUsage();
    checkExperiment(text, file);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

describe("the checker", () => {
  it("takes time in proportion to the number of wrong layers", () => {
    checkExperiment(wrongLayers(50), file);
    // Sixteen times as many: 16 for a linear checker, 256 for a quadratic one.
    expect(effort(wrongLayers(1600)) / Math.max(1, effort(wrongLayers(100)))).toBeLessThan(64);
  });

  it("names a hundred problems and counts the rest", () => {
    const problems = problemsOf(wrongLayers(2000));
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)?.message).toMatch(/^\d+ more problems of this file are not shown\.$/);
  });

  it("takes for a sweep of a thousand points little more than for its first ones, where every point is wrong", () => {
    const sweeping = (points: number) => {
      const sweep = { seed: Array.from({ length: points }, (_, i) => i) };
      return JSON.stringify({ ...(JSON.parse(wrongLayers(100)) as object), sweep });
    };
    expect(effort(sweeping(1000)) / Math.max(1, effort(sweeping(30)))).toBeLessThan(4);
    // A mistake among the values is still found behind them.
    const late = JSON.parse(least) as Record<string, unknown>;
    late.sweep = { "optimizer.learningRate": [...Array.from({ length: 900 }, (_, i) => i + 1), -1] };
    expect(problemsOf(JSON.stringify(late))).toMatchObject([
      { message: expect.stringContaining("found -1") },
    ]);
  });

  it("takes time in proportion to the points of a sweep and to the items of a list that must differ", () => {
    const sweeping = (points: number) =>
      least.replace(
        "{",
        `{ "sweep": { "seed": ${JSON.stringify(Array.from({ length: points }, (_, i) => i))} },`,
      );
    const columns = (count: number) =>
      JSON.stringify({
        data: {
          source: "csv",
          train: { file: "a.csv" },
          targets: Array.from({ length: count }, (_, i) => `c${i}`),
        },
        model: { hidden: [3] },
        optimizer: { learningRate: 0.1 },
      });
    expect(effort(sweeping(960)) / Math.max(1, effort(sweeping(60)))).toBeLessThan(64);
    expect(effort(columns(16_000)) / Math.max(1, effort(columns(1000)))).toBeLessThan(64);
  });

  it("answers a size of any length in proportion to it", () => {
    const { pattern } = experimentSchema.properties?.memory as { pattern: string };
    const test = (length: number) => {
      const text = "0." + "1".repeat(length);
      const start = process.cpuUsage();
      for (let i = 0; i < 50; i++) new RegExp(pattern, "u").test(text);
      return process.cpuUsage(start).user;
    };
    test(1000);
    expect(test(32_000) / Math.max(500, test(2000))).toBeLessThan(64);
    const ok = ["2GB", "500MB", "1.5 GB", ".5KB"];
    const wrong = ["0GB", "0.0GB", "GB", "-1GB", "1e3MB", "2 TB", "2"];
    for (const size of ok) expect(new RegExp(pattern, "u").test(size), size).toBe(true);
    for (const size of wrong) expect(new RegExp(pattern, "u").test(size), size).toBe(false);
  });
});

describe("a typo", () => {
  it.each([
    ["hidden", "hiden"],
    ["learningRate", "learnignRate"],
    ["chebyshev", "chebishev"],
  ])("%s is corrected by the text the problem carries, in its place", (right, wrong) => {
    const text = least.replace(`"${right}"`, `"${wrong}"`);
    const problem = problemsOf(text).find(({ fix }) => fix !== undefined)!;
    expect(problem.severity).toBe("error");
    expect(covered(text, problem)).toBe(`"${wrong}"`);
    expect(text.replace(covered(text, problem), problem.fix!)).toBe(least);
  });

  it("is not guessed where nothing is near", () => {
    const problems = problemsOf(least.replace('"hidden"', '"qqqqqq"'));
    expect(problems.every(({ fix }) => fix === undefined)).toBe(true);
  });
});
