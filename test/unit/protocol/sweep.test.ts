// Sweeps and --set: expansion, precedence, and mistakes placed at the value that causes them.
import { describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { formatProblem } from "../../../src/protocol/errors";
import type { MlpSpec } from "../../../src/protocol/experiment";
import { covered, fashion, file, least } from "./samples";

const sweeping = (sweep: string, text = fashion) => text.replace("{", `{ "sweep": ${sweep},`);

describe("a sweep", () => {
  it("is the product of its lists in file order, the last key fastest", () => {
    const { problems, points } = checkExperiment(
      sweeping('{ "optimizer.learningRate": [0.1, 1], "optimizer.batchSize": [4, "full"] }'),
      file,
    );
    expect(problems).toEqual([]);
    expect(points.map(({ overrides }) => overrides)).toEqual([
      { "optimizer.learningRate": 0.1, "optimizer.batchSize": 4 },
      { "optimizer.learningRate": 0.1, "optimizer.batchSize": "full" },
      { "optimizer.learningRate": 1, "optimizer.batchSize": 4 },
      { "optimizer.learningRate": 1, "optimizer.batchSize": "full" },
    ]);
    expect(
      points.map(({ experiment: { optimizer } }) => [optimizer.learningRate, optimizer.batchSize]),
    ).toEqual([
      [0.1, 4],
      [0.1, "full"],
      [1, 4],
      [1, "full"],
    ]);
    expect(points[0].experiment).not.toHaveProperty("sweep");
  });

  it("may name keys the file leaves to their default, lists and whole objects", () => {
    const { problems, points } = checkExperiment(
      sweeping(
        '{ "probes.noise.every": [5], "model.hidden": [[1], [2, 3]], "stop": [{ "steps": 3 }] }',
        least,
      ),
      file,
    );
    expect(problems).toEqual([]);
    expect(points.map(({ experiment }) => (experiment.model as MlpSpec).hidden)).toEqual([[1], [2, 3]]);
    expect(points[0].experiment.stop).toEqual({ steps: 3 });
    // The other default probes stay.
    expect(points[0].experiment.probes).toMatchObject({
      sharpness: { every: 10 },
      noise: { every: 5 },
      generalization: {},
    });
  });

  it.each([
    [
      '{ "optimizer.learningRate": [0.1, "x"] }',
      "`learningRate` must be a number > 0",
      '"x"',
      "sweep.optimizer.learningRate",
    ],
    [
      '{ "optimizer.batchSize": [4, 1001, "full"] }',
      "`batchSize` is 1001, more than the 1000",
      "1001",
      "sweep.optimizer.batchSize",
    ],
    ['{ "optimizer.nesterov": [false, true] }', "`momentum` is 0", "true", "sweep.optimizer.nesterov"],
    ['{ "model.hidden": [[4], [4, 0.5]] }', "Item 2 of `hidden`", "0.5", "sweep.model.hidden"],
    ['{ "optimizer.lr": [1] }', "Unknown key `lr`", '"optimizer.lr"', "sweep.optimizer.lr"],
    ['{ "sweep.seed": [1] }', "cannot be set", '"sweep.seed"', "sweep.sweep.seed"],
    ['{ "seed": 3 }', "`seed` must be a non-empty list", "3", "sweep.seed"],
    ['{ "seed": [] }', "`seed` must be a non-empty list", "[]", "sweep.seed"],
  ])("%s is refused at the value that causes it, once", (sweep, message, under, key) => {
    const text = sweeping(sweep);
    const { problems, points } = checkExperiment(text, file);
    expect(problems).toHaveLength(1);
    expect(problems[0].message).toContain(message);
    expect(covered(text, problems[0])).toBe(under);
    expect(problems[0].place.key).toBe(key);
    expect(points).toEqual([]);
  });

  it("reports a mistake outside the swept keys once, not once a point", () => {
    const text = sweeping('{ "seed": [1, 2, 3] }').replace('"relu"', '"rellu"');
    expect(checkExperiment(text, file).problems).toHaveLength(1);
  });

  it("sees contradictions between two swept keys", () => {
    const text = sweeping('{ "optimizer.nesterov": [false, true], "optimizer.momentum": [0, 0.9] }');
    const { problems } = checkExperiment(text, file);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining("`momentum` is 0")]);
  });

  it("of more than 1000 runs is refused before it is expanded", () => {
    const seeds = JSON.stringify(Array.from({ length: 200 }, (_, i) => i));
    const keys = ["seed", "data.take", "optimizer.momentum"].map(() => seeds);
    const text = sweeping(
      `{ "seed": ${keys[0]}, "checkpoints.every": ${keys[1].replace("0,", "")}, "stop.steps": ${keys[2].replace("0,", "")} }`,
    );
    const { problems, points } = checkExperiment(text, file);
    expect(problems).toMatchObject([
      {
        message: expect.stringContaining("expands to 7920200 runs; expected at most 1000"),
        place: { key: "sweep" },
      },
    ]);
    expect(points).toEqual([]);
  });
});

describe("--set", () => {
  const set = (overrides: string[], text = fashion) => checkExperiment(text, file, { overrides });

  it("replaces a value and is recorded as an override", () => {
    const { problems, points } = set([
      "optimizer.learningRate=0.125",
      "name=bare words",
      "model.hidden.1=7",
      "optimizer.batchSize=full",
    ]);
    expect(problems).toEqual([]);
    expect(points[0].overrides).toEqual({
      "optimizer.learningRate": 0.125,
      name: "bare words",
      "model.hidden.1": 7,
      "optimizer.batchSize": "full",
    });
    expect(points[0].experiment).toMatchObject({
      name: "bare words",
      optimizer: { learningRate: 0.125 },
      model: { hidden: [500, 7, 500] },
    });
  });

  it("wins over a sweep of the same key", () => {
    const text = sweeping('{ "optimizer.learningRate": [1, 2], "seed": [5, 6] }');
    const { points } = set(["optimizer.learningRate=9"], text);
    expect(points.map(({ overrides }) => overrides)).toEqual([
      { "optimizer.learningRate": 9, seed: 5 },
      { "optimizer.learningRate": 9, seed: 6 },
    ]);
  });

  it("can repair a value that is wrong in the file", () => {
    expect(set(["optimizer.learningRate=1"], fashion.replace(": 0.5", ": 0")).problems).toEqual([]);
  });

  it("can switch to another source whole", () => {
    const { points } = set(['data={"source":"teacher"}']);
    expect(points[0].experiment.data).toMatchObject({ source: "teacher", inputs: 10, hidden: [10] });
  });

  it.each([
    ["optimizer.lerningRate=1", "--set: optimizer.lerningRate: Unknown key `lerningRate`", "learningRate"],
    ["momentum=0.9", "--set: momentum: Unknown key `momentum`", "optimizer.momentum"],
    [
      "optimizer.learningRate=abc",
      '--set: optimizer.learningRate: `learningRate` must be a number > 0; found "abc"',
      "",
    ],
    [
      "optimizer.learningRate",
      'Expected --set key.path=value; found "optimizer.learningRate"',
      "--set optimizer.learningRate=0.1",
    ],
    ["=3", "Expected --set key.path=value", ""],
    ["model.hidden.9=4", "`model.hidden` has 3 items", ""],
    ["name.first=4", "Unknown key `first`", ""],
    ["__proto__.polluted=1", "Unknown key `__proto__`", ""],
    ["sweep.seed=[1]", "`sweep` cannot be set", ""],
    ["optimizer.nesterov=true", "--set: optimizer.nesterov: `nesterov` is true but `momentum` is 0", ""],
  ])("%s is refused with --set and the key as its place", (override, message, hint) => {
    const { problems, points } = set([override]);
    const shown = problems.map(formatProblem).join("\n");
    expect(shown).toContain(message);
    expect(shown).toContain(hint);
    expect(problems[0].place.file).toBe("--set");
    expect(points).toEqual([]);
  });
});
