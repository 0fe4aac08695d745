// `extends`: what is taken over, what replaces, and mistakes that name the file they are in.
import { describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";

const base = `{
  "name": "base",
  "seed": 3,
  "data": { "source": "csv", "train": { "file": "data/a.csv" }, "targets": ["y"] },
  "model": { "hidden": [10, 20], "activation": "tanh" },
  "optimizer": { "learningRate": 0.1, "momentum": 0.9, "batchSize": 4 },
  "probes": { "sharpness": { "every": 5 } }
}`;

const check = (text: string, files: Readonly<Record<string, string>> = {}, file = "/w/a.basin.json") =>
  checkExperiment(text, file, { readText: (path) => files[path] });
const one = (text: string, files: Readonly<Record<string, string>>) => {
  const { problems, points } = check(text, files);
  expect(problems).toEqual([]);
  return points[0].experiment;
};
const own = (rest: object, path = "base.basin.json") => JSON.stringify({ extends: path, ...rest });
const here = { "/w/base.basin.json": base };

describe("extends", () => {
  it("takes over what the file does not say, key by key", () => {
    const experiment = one(
      own({ name: "mine", optimizer: { learningRate: 0.5 }, model: { hidden: [7] } }),
      here,
    );
    expect(experiment).toMatchObject({
      name: "mine",
      seed: 3,
      model: { kind: "mlp", hidden: [7], activation: "tanh" },
      optimizer: { kind: "sgd", learningRate: 0.5, momentum: 0.9, batchSize: 4 },
    });
    expect(experiment).not.toHaveProperty("extends");
  });

  it("replaces a part of another kind whole, and merges one that only names the kind it had", () => {
    const other = one(own({ optimizer: { kind: "adam", learningRate: 0.01 } }), here);
    expect(other.optimizer).toMatchObject({ kind: "adam", batchSize: "full" });
    expect(other.optimizer).not.toHaveProperty("momentum");
    expect(one(own({ optimizer: { kind: "sgd", nesterov: true } }), here).optimizer).toMatchObject({
      momentum: 0.9,
      nesterov: true,
    });
    expect(one(own({ data: { source: "chebyshev" } }), here).data).toEqual(
      one(
        JSON.stringify({
          data: { source: "chebyshev" },
          model: { hidden: [1] },
          optimizer: { learningRate: 1 },
        }),
        {},
      ).data,
    );
  });

  it("reads a chain of files, each path from the folder of the file it stands in", () => {
    const files = {
      "/w/shared/base.basin.json": base,
      "/w/shared/middle.basin.json": '{ "extends": "base.basin.json", "seed": 8 }',
    };
    const experiment = one(own({}, "shared/middle.basin.json"), files);
    expect(experiment.seed).toBe(8);
    expect(experiment.data).toMatchObject({ train: { file: "shared/data/a.csv" } });
  });

  it("reports a mistake in the file and at the line where it was written", () => {
    const wrong = { "/w/base.basin.json": base.replace('"activation": "tanh"', '"activation": "tahn"') };
    const { problems, points } = check(own({ optimizer: { learningRate: -1 } }), wrong);
    expect(points).toEqual([]);
    const places = problems.map(({ place }) => [place.key, place.file, place.line]);
    expect(places).toContainEqual(["model.activation", "/w/base.basin.json", 5]);
    expect(places).toContainEqual(["optimizer.learningRate", "/w/a.basin.json", 1]);
  });

  it("reports broken syntax of a base in the base", () => {
    const { problems } = check(own({}), { "/w/base.basin.json": `${base.slice(0, -1)}, "seed": }` });
    expect(problems[0].place.file).toBe("/w/base.basin.json");
  });

  it.each([
    ["a file that is not there", own({}), {}, /"base\.basin\.json" does not exist; expected it at \/w\/base/],
    ["itself", own({}, "a.basin.json"), {}, /in a circle: \/w\/a\.basin\.json → \/w\/a\.basin\.json/],
    ["a circle", own({}), { "/w/base.basin.json": '{ "extends": "a.basin.json" }' }, /in a circle/],
    ["no path", JSON.stringify({ extends: 5 }), {}, /`extends` must be/],
    ["no experiment", own({}), { "/w/base.basin.json": "[1]" }, /holds no experiment/],
  ])("refuses %s", (_what, text, files, message) => {
    const { problems, points } = check(text, files);
    expect(points).toEqual([]);
    expect(problems.map((problem) => problem.message).join("\n")).toMatch(message);
  });

  it("lets a sweep and --set name keys that only the base has", () => {
    const { problems, points } = checkExperiment(
      own({ sweep: { "optimizer.momentum": [0, 0.5] } }),
      "/w/a.basin.json",
      {
        readText: (path) => (path in here ? base : undefined),
        overrides: ["optimizer.batchSize=2"],
      },
    );
    expect(problems).toEqual([]);
    expect(points.map(({ experiment }) => experiment.optimizer)).toMatchObject([
      { momentum: 0, batchSize: 2 },
      { momentum: 0.5, batchSize: 2 },
    ]);
  });
});
