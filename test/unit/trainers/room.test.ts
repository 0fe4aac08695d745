// Memory that a model needs is named before any of it is taken.
import { expect, test } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { checkRoom, leastBytes } from "../../../src/trainers/basin/room";

function experimentWith(optimizer: object, memory = "4GB") {
  const text = JSON.stringify({
    memory,
    name: "room",
    data: { source: "chebyshev", degree: 3, examples: 12 },
    model: { kind: "mlp", hidden: [4], activation: "tanh" },
    loss: "mse",
    optimizer: { learningRate: 0.01, batchSize: "full", ...optimizer },
    stop: { steps: 1 },
  });
  return checkExperiment(text, "room.basin.json", {}).points[0].experiment;
}

test("Adam's two moments take two vectors more than plain SGD", () => {
  const d = 1e6;
  const [sgd, adam] = [{ kind: "sgd" }, { kind: "adam" }].map((optimizer) =>
    leastBytes(experimentWith(optimizer), d),
  );
  expect(adam - sgd).toBe(2 * 4 * d);
});

test("two layers of 100 000 are refused with the memory they need, a model that fits is not", () => {
  const experiment = experimentWith({ kind: "sgd" });
  // 100 000 × 100 000 weights of four bytes are 37.25 GiB, each vector.
  expect(() => checkRoom(experiment, "room.basin.json", 1e10, 2 ** 35)).toThrow(
    /10,000,000,000 parameters need at least 1\d\d\.\d GiB of memory to train; 32\.0 GiB are there/,
  );
  expect(() => checkRoom(experiment, "room.basin.json", 1e6, 2 ** 35)).not.toThrow();
});

test("what the key memory gives is what training takes and the rest, or too little", () => {
  const experiment = experimentWith({ kind: "sgd" }, "1GB");
  expect(checkRoom(experiment, "room.basin.json", 1e6, 2 ** 35)).toBe(1e9 - leastBytes(experiment, 1e6));
  expect(() => checkRoom(experiment, "room.basin.json", 1e8, 2 ** 35)).toThrow(
    /memory: found "1GB", but the model's 100,000,000 parameters need at least 1\.6GB to train/,
  );
});
