// The door of verdict.json: what a typical run does, as it was written, by an older version, or by anybody.
import { expect, test } from "vitest";
import { decodeVerdict } from "../../../src/record/decodeVerdict";
import { onlyMeanSquare } from "../../../src/types/verdict";

const written = {
  verdict: "unstable-variance",
  step: 7,
  typical: "stays",
  readings: { typicalGrowth: { value: 0.99, error: 0.01, how: "products" } },
  limits: { typical: { value: 0.2, error: "Infinity", how: "products" } },
  map: [{ batchSize: 1, largestStableLearningRate: 0.1, typicalLearningRate: 0.2 }],
};

test("what a typical run does comes back as it was written", () => {
  const verdict = decodeVerdict(written)!;
  expect(verdict.typical).toBe("stays");
  expect(verdict.readings.typicalGrowth).toEqual(written.readings.typicalGrowth);
  expect(verdict.limits.typical).toEqual({ value: 0.2, error: Infinity, how: "products" });
  expect(verdict.map).toEqual(written.map);
  expect(onlyMeanSquare(verdict)).toBe(true);
});

test.each([
  ["an older version", undefined],
  ["nonsense", "flies"],
  ["an object", { stays: true }],
])("%s says nothing of a typical run, and softens no verdict", (_who, typical) => {
  const verdict = decodeVerdict({ verdict: "unstable-variance", step: 7, typical })!;
  expect(verdict.typical).toBeNull();
  expect(verdict.limits.typical).toBeNull();
  expect(verdict.readings.typicalGrowth).toBeNull();
  expect(onlyMeanSquare(verdict)).toBe(false);
});
