// The door of verdict.json: what a typical run does, as it was written, by an older version, or by anybody.
import { expect, test } from "vitest";
import { spikeWords } from "../../../src/record/explanation";
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

test("an explanation comes back as it was written, and one without its direction is none", () => {
  const explanation = {
    spike: { from: 3, peak: 9, loss: 0.5, peakLoss: "Infinity" },
    directions: [{ eigenvalue: 30, error: 0.1, share: 0.9 }],
    direction: 0,
    preconditioned: false,
    limit: 20,
    parameters: [{ name: "0.weight", share: 0.7 }],
    examples: [{ example: 4, gradient: -0.2, curvature: 0.6 }],
    of: 12,
  };
  const told = (one: unknown) =>
    decodeVerdict({ verdict: "diverged", step: 7, explanation: one })?.explanation;
  expect(told(explanation)).toEqual({ ...explanation, spike: { ...explanation.spike, peakLoss: Infinity } });
  expect(told({ ...explanation, direction: 1 })).toBeUndefined();
  expect(told({ ...explanation, directions: "none" })).toBeUndefined();
  expect(told({ ...explanation, examples: [null, 3] })).toMatchObject({ examples: [] });
  expect(told([])).toBeUndefined();
  expect(spikeWords(told(explanation))).toBe("× ∞ at step 9");
  expect(spikeWords(told({ ...explanation, spike: { ...explanation.spike, peakLoss: 20 } }))).toBe(
    "× 40 at step 9",
  );
  expect(spikeWords(undefined)).toBe("–");
});
