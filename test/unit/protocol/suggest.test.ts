// Suggestions for mistyped words.
import { describe, expect, it } from "vitest";
import { didYouMean, editDistance, suggest } from "../../../src/protocol/suggest";

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "", 3],
    ["lerning", "learning", 1],
    ["momentmu", "momentum", 1],
    ["kitten", "sitting", 3],
  ])("of %j and %j is %i, both ways round", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe("suggest", () => {
  const keys = ["kind", "learningRate", "batchSize", "momentum", "nesterov"];

  it.each([
    ["lerningRate", "learningRate"],
    ["learning_rate", "learningRate"],
    ["BatchSize", "batchSize"],
    ["momentmu", "momentum"],
    ["lr", "learningRate"],
    ["bs", "batchSize"],
  ])("takes %j for %j", (typed, meant) => {
    expect(suggest(typed, keys)).toBe(meant);
  });

  it("keeps silent when nothing is near", () => {
    expect(suggest("weightDecay", keys)).toBeUndefined();
    expect(suggest("x".repeat(10_000), keys)).toBeUndefined();
    expect(suggest("lr", ["steps"])).toBeUndefined();
  });

  it("lists what is known when it has no suggestion", () => {
    expect(didYouMean("zzz", ["steps", "minutes"])).toBe("Known here: steps, minutes.");
  });
});
