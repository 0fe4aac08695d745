// The checker: defaults, and for every kind of mistake the message, the place and the hint.
import { describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { covered, fashion, file, least, problemsOf } from "./samples";

describe("a valid experiment", () => {
  it("of the contract has no problems and resolves to what it says", () => {
    const { problems, points } = checkExperiment(fashion, file);
    expect(problems).toEqual([]);
    expect(points).toHaveLength(1);
    expect(points[0].overrides).toEqual({});
    expect(points[0].experiment).toMatchObject({
      name: "fashion-fnn",
      data: { source: "idx", train: { images: "data/train.gz", take: 1000 } },
      model: { kind: "mlp", hidden: [500, 500, 500], activation: "relu", weights: "start.safetensors" },
      optimizer: { kind: "sgd", learningRate: 0.5, batchSize: "full" },
      stop: { steps: 6000, trainLoss: 1e-4, minutes: 30 },
      launch: { on: "local", concurrency: 2 },
    });
  });

  it("gets every default", () => {
    const { problems, points } = checkExperiment(least, file);
    expect(problems).toEqual([]);
    expect(points[0].experiment).toStrictEqual({
      name: "a",
      seed: 0,
      data: { source: "chebyshev", degree: 4, examples: 20, testExamples: 100, noise: 0 },
      model: { kind: "mlp", hidden: [10], activation: "relu", bias: true },
      loss: "mse",
      optimizer: {
        kind: "sgd",
        learningRate: 0.1,
        batchSize: "full",
        sampling: "epochs",
        weightDecay: 0,
        momentum: 0,
        nesterov: false,
      },
      stop: { steps: 10_000 },
      probes: {
        sharpness: { every: 10, top: 2, tolerance: 1e-3, min: false },
        noise: { every: 100, rank: 64, tolerance: 1e-2 },
        generalization: { every: 100 },
      },
      checkpoints: {},
      memory: "4GB",
      engine: "auto",
      launch: { on: "local", concurrency: 1 },
    });
  });

  it("takes only the probes it lists", () => {
    const { points } = checkExperiment(
      least.replace("{", '{ "probes": { "sharpness": { "every": 7 } },'),
      file,
    );
    expect(points[0].experiment.probes).toStrictEqual({
      sharpness: { every: 7, top: 2, tolerance: 1e-3, min: false },
    });
  });

  it("without test data leaves the default generalization probe out, silently", () => {
    const { problems, points } = checkExperiment(
      least.replace('"chebyshev"', '"chebyshev", "testExamples": 0'),
      file,
    );
    expect(problems).toEqual([]);
    expect(Object.keys(points[0].experiment.probes)).toEqual(["sharpness", "noise"]);
  });

  it("limited by minutes has no other limit of steps", () => {
    const { points } = checkExperiment(least.replace("{", '{ "stop": { "minutes": 2 },'), file);
    expect(points[0].experiment.stop).toStrictEqual({ minutes: 2, steps: 1_000_000_000 });
  });
});

/** [what, edit of the contract's example, message, text under the problem, hint] */
const mistakes: readonly [
  string,
  readonly [string, string],
  string,
  { readonly under: string; readonly hint?: string },
][] = [
  [
    "unknown key",
    ['"learningRate"', '"lerningRate"'],
    "Unknown key `lerningRate`",
    { under: '"lerningRate"', hint: 'Did you mean "learningRate"?' },
  ],
  [
    "unknown key at the top",
    ['"engine"', '"engin"'],
    "Unknown key `engin`",
    { under: '"engin"', hint: 'Did you mean "engine"?' },
  ],
  [
    "unknown key deep down",
    ['"top"', '"topk"'],
    "Unknown key `topk`",
    { under: '"topk"', hint: 'Did you mean "top"?' },
  ],
  [
    "key that belongs elsewhere",
    ['"seed": 0', '"momentum": 0'],
    "Unknown key `momentum`",
    { under: '"momentum"', hint: "belongs elsewhere: optimizer.momentum" },
  ],
  [
    "key of another source",
    ['"idx",', '"chebyshev",'],
    'Unknown key `train` in `data` of kind "chebyshev"',
    { under: '"train"' },
  ],
  [
    "unknown choice",
    ['"relu"', '"rellu"'],
    '`activation` must be one of "tanh", "relu"',
    { under: '"rellu"', hint: 'Did you mean "relu"?' },
  ],
  [
    "planned optimizer",
    ['"sgd"', '"sam"'],
    '`kind` "sam" is not yet supported; supported: "sgd", "rmsprop", "adam", "adamw"',
    { under: '"sam"' },
  ],
  [
    "planned launcher",
    ['"local"', '"python"'],
    '`on` "python" is not yet supported; supported: "local", "slurm"',
    { under: '"python"' },
  ],
  ["learning rate 0", [": 0.5", ": 0"], "`learningRate` must be a number > 0; found 0", { under: "0" }],
  [
    "negative learning rate",
    [": 0.5", ": -0.5"],
    "`learningRate` must be a number > 0; found -0.5",
    { under: "-0.5" },
  ],
  [
    "infinite learning rate",
    [": 0.5", ": 1e999"],
    "`learningRate` must be a number > 0; found Infinity",
    { under: "1e999" },
  ],
  [
    "text for a number",
    [": 0.5", ': "0.5"'],
    '`learningRate` must be a number > 0; found "0.5"',
    { under: '"0.5"' },
  ],
  [
    "wrong batch size word",
    ['"full"', '"all"'],
    '`batchSize` must be a whole number ≥ 1 or "full"; found "all"',
    { under: '"all"' },
  ],
  [
    "fractional batch size",
    ['"full"', "1.5"],
    '`batchSize` must be a whole number ≥ 1 or "full"; found 1.5',
    { under: "1.5" },
  ],
  [
    "momentum 1",
    ['"momentum": 0', '"momentum": 1'],
    "`momentum` must be a number ≥ 0 and < 1; found 1",
    { under: "1" },
  ],
  [
    "tolerance 0",
    ['"tolerance": 1e-3', '"tolerance": 0'],
    "`tolerance` must be a number > 0 and ≤ 0.5; found 0",
    { under: "0" },
  ],
  [
    "no stop condition",
    ['"steps": 6000, "trainLoss": 1e-4, "minutes": 30', ""],
    "`stop` is empty; expected at least one of `steps`, `trainLoss`, `minutes`",
    { under: '"stop"' },
  ],
  [
    "a wrong list item",
    ["500, 500, 500", "500, 0"],
    "Item 2 of `hidden` must be a whole number ≥ 1",
    { under: "0" },
  ],
  [
    "a scalar for an object",
    ['{ "every": 500 }', "500"],
    "`checkpoints` must be an object { … }; found 500",
    { under: "500" },
  ],
  [
    "a missing key",
    ['"hidden": [500, 500, 500], ', ""],
    "`model` has no `hidden`; expected a list of which each item is a whole number",
    { under: '"model"', hint: 'Add "hidden"' },
  ],
  [
    "no learning rate",
    ['"learningRate": 0.5, ', ""],
    "`optimizer` has no `learningRate`; expected a number > 0",
    { under: '"optimizer"' },
  ],
  [
    "nesterov without momentum",
    ['"nesterov": false', '"nesterov": true'],
    "`nesterov` is true but `momentum` is 0",
    { under: "true", hint: 'Give "momentum"' },
  ],
  [
    "a batch larger than the data",
    ['"full"', "1001"],
    "`batchSize` is 1001, more than the 1000 training examples of data.train.take",
    { under: "1001", hint: "at most 1000" },
  ],
  ["a key given twice", ['"seed": 0', '"name": "b"'], "`name` is given twice", { under: '"name"' }],
];

describe("a mistake is named and placed:", () => {
  it.each(mistakes)("%s", (_what, [from, to], message, { under, hint }) => {
    const text = fashion.replace(from, to);
    expect(text).not.toBe(fashion);
    const { problems, points } = checkExperiment(text, file);
    const found = problems.find((problem) => problem.message.includes(message));
    expect(problems.map((problem) => problem.message).join("\n")).toContain(message);
    expect(found && covered(text, found)).toBe(under);
    if (hint !== undefined) expect(found?.hint).toContain(hint);
    expect(points).toEqual([]);
  });

  it("several at once, each with its line", () => {
    const text = fashion.replace('"relu"', '"rellu"').replace(": 0.5", ": -1").replace('"top"', '"topp"');
    expect(problemsOf(text).map(({ place }) => [place.key, place.line])).toEqual(
      expect.arrayContaining([
        ["model.activation", 10],
        ["optimizer.learningRate", 12],
        ["probes.sharpness.topp", 15],
      ]),
    );
    expect(problemsOf(text)).toHaveLength(3);
  });

  it.each([
    ['"chebyshev"', "chebyshev"],
    ['"teacher"', "teacher"],
    ['"csv", "train": { "file": "a.csv" }, "targets": ["y"]', "csv"],
  ])("cross-entropy on the regression source %s", (data, source) => {
    const text = least.replace('"chebyshev"', data).replace("{", '{ "loss": "cross-entropy",');
    const problems = problemsOf(text);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining(`data source "${source}" gives real-valued targets`),
    ]);
    expect(covered(text, problems[0])).toBe('"cross-entropy"');
  });

  it("a classification task with two target columns", () => {
    const text = least.replace(
      '"chebyshev"',
      '"csv", "train": { "file": "a.csv" }, "targets": ["y", "z"], "task": "classification"',
    );
    expect(problemsOf(text)[0].message).toContain("one target column, the class; found 2");
  });

  it("fewer spiral points than classes", () => {
    const text = least.replace('"chebyshev"', '"spirals", "classes": 5, "examples": 4');
    expect(problemsOf(text)[0].message).toContain("fewer than the 5 classes");
  });

  it("a generalization probe without test data, as a warning that does not stop the run", () => {
    const text = fashion.replace(/"test":.*\n/, "");
    const { problems, points } = checkExperiment(text, file);
    expect(problems).toMatchObject([
      { severity: "warning", from: "check", place: { key: "probes.generalization", line: 16 } },
    ]);
    expect(points).toHaveLength(1);
  });
});

describe("files", () => {
  it("that do not exist are named with the path they were looked for at", () => {
    const asked: string[] = [];
    const exists = (path: string) => (
      asked.push(path),
      !path.endsWith("labels.gz") && !path.endsWith("start.safetensors")
    );
    const problems = problemsOf(fashion, { exists });
    expect(asked).toContain("/home/me/space/data/t10k.gz");
    expect(problems.map(({ place, message, from }) => [place.key, place.line, from, message])).toEqual([
      [
        "data.train.labels",
        6,
        "check",
        'The data file "data/labels.gz" does not exist; expected it at /home/me/space/data/labels.gz.',
      ],
      [
        "model.weights",
        10,
        "check",
        'The weights file "start.safetensors" does not exist; expected it at /home/me/space/start.safetensors.',
      ],
    ]);
  });

  it("with absolute paths are looked for there", () => {
    const asked: string[] = [];
    problemsOf(fashion.replace("data/train.gz", "/abs/train.gz"), {
      exists: (path) => (asked.push(path), true),
    });
    expect(asked).toContain("/abs/train.gz");
  });
});

describe("what is no experiment", () => {
  it.each([
    ["", "Expected a value"],
    ["  // only a comment", "Expected a value"],
    ["[]", "found a list"],
    ["3", "found 3"],
    ["null", "found null"],
  ])("%j is refused with a place", (text, message) => {
    const { problems, points } = checkExperiment(text, file);
    expect(problems[0].message).toContain(message);
    expect(problems[0].place).toMatchObject({ file, line: 1 });
    expect(points).toEqual([]);
  });

  it("an empty object lacks three keys", () => {
    expect(problemsOf("{}").map(({ message }) => /has no `(\w+)`/.exec(message)?.[1])).toEqual([
      "data",
      "model",
      "optimizer",
    ]);
  });
});

describe("placeOf", () => {
  it("finds a value, an absent key's surroundings and a swept value", () => {
    const text = fashion.replace(
      '"engine"',
      '"sweep": { "optimizer.learningRate": [1, 22], "seed": [1] }, "engine"',
    );
    const { placeOf } = checkExperiment(text, file);
    const at = (key: string) => {
      const { offset = 0, length = 0 } = placeOf(key);
      return text.slice(offset, offset + length);
    };
    expect(at("optimizer.learningRate")).toBe("0.5");
    expect(at("sweep.optimizer.learningRate")).toBe("[1, 22]");
    expect(at("sweep.optimizer.learningRate.1")).toBe("22");
    expect(at("optimizer.zzz")).toBe('"optimizer"');
    expect(at("model.hidden.2")).toBe("500");
  });

  it("finds a key that is only swept in the sweep", () => {
    const text = least
      .replace('"learningRate": 0.1', "")
      .replace("{", '{ "sweep": { "optimizer.learningRate": [1, 2] },');
    const { placeOf, points } = checkExperiment(text, file);
    expect(points).toHaveLength(2);
    const { offset = 0, length = 0, key } = placeOf("optimizer.learningRate");
    expect(text.slice(offset, offset + length)).toBe("[1, 2]");
    expect(key).toBe("optimizer.learningRate");
  });
});

describe("a model by file", () => {
  const withModel = (model: object) => least.replace('{ "hidden": [10] }', JSON.stringify(model));

  it("has no kind and none of a kind's defaults", () => {
    const { problems, points } = checkExperiment(withModel({ onnx: "net.onnx", freeze: ["place"] }), file);
    expect(problems).toEqual([]);
    expect(points[0].experiment.model).toStrictEqual({ onnx: "net.onnx", freeze: ["place"] });
  });

  it("that does not exist is an error at model.onnx", () => {
    const text = withModel({ onnx: "net.onnx" });
    const [problem] = problemsOf(text, { exists: () => false });
    expect(problem.message).toContain('The ONNX file "net.onnx" does not exist');
    expect(covered(text, problem)).toBe('"net.onnx"');
  });

  it("beside a kind, or with a kind's keys, is refused at that key", () => {
    for (const key of ["kind", "hidden"]) {
      const text = withModel({ onnx: "net.onnx", [key]: key === "kind" ? "mlp" : [3] });
      const problems = problemsOf(text);
      expect(problems.map(({ message }) => message)).toEqual([
        expect.stringContaining(`Unknown key \`${key}\``),
      ]);
      expect(covered(text, problems[0])).toBe(`"${key}"`);
    }
  });
});

describe("defaults", () => {
  it("of the user's own are Basin's trainer's: a script's experiment is not refused for them", () => {
    const defaults = { engine: "wasm", memory: "2GB" } as const;
    const script = checkExperiment('{ "trainer": { "python": "train.py" } }', file, { defaults });
    expect(script.problems).toEqual([]);
    expect(script.points).toHaveLength(1);
    expect(script.points[0].experiment.engine).toBeUndefined();
    expect(checkExperiment(least, file, { defaults }).points[0].experiment).toMatchObject(defaults);
  });

  it("are those of the kind that is written, not of the kind that would be the default", () => {
    const text = least.replace('{ "hidden": [10] }', '{ "kind": "deepLinear", "hidden": [10] }');
    expect(checkExperiment(text, file).points[0].experiment.model).toStrictEqual({
      kind: "deepLinear",
      hidden: [10],
      bias: false,
    });
  });
});
