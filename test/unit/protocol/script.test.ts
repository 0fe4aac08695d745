// Experiments with a script of the user's own: what the checker says of them, and what the script is told.
import { describe, expect, test } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { experimentForm } from "../../../src/protocol/experimentForm";
import { checkLocal } from "../../../src/protocol/localSettings";
import { argumentsOf, hasScript, settingsText, type ScriptExperiment } from "../../../src/protocol/script";

const base = {
  name: "mine",
  trainer: { python: "train.py", args: ["--lr", "${optimizer.learningRate}", "--w=${settings.width}"] },
  optimizer: { learningRate: 0.1, batchSize: 128 },
  settings: { width: 64, deep: { a: true } },
};
const file = "/project/mine.basin.json";
const check = (experiment: object, options: Parameters<typeof checkExperiment>[2] = {}) =>
  checkExperiment(JSON.stringify(experiment), file, options);
const messages = (experiment: object, options = {}) =>
  check(experiment, options).problems.map(({ message, hint }) => `${message} ${hint}`);

test("a script's settings are as they were written: nothing is filled in that the script may do otherwise", () => {
  const { problems, points } = check(base);
  expect(problems).toEqual([]);
  const [{ experiment }] = points;
  expect(experiment).toEqual({ ...base, probes: {}, launch: { on: "local", concurrency: 1 } });
  expect(hasScript(experiment)).toBe(true);
  expect(argumentsOf(experiment as ScriptExperiment)).toEqual(["--lr", "0.1", "--w=64"]);
  expect(JSON.parse(settingsText(experiment as ScriptExperiment))).toEqual({
    name: "mine",
    optimizer: base.optimizer,
    settings: base.settings,
    probes: {},
  });
});

test("a sweep and --set name optimizer and settings alike, and the arguments follow", () => {
  const { points } = check(
    { ...base, sweep: { "optimizer.learningRate": [0.1, 0.2], "settings.width": [1, 2] } },
    { overrides: ["optimizer.batchSize=8"] },
  );
  expect(points.map(({ experiment }) => argumentsOf(experiment as ScriptExperiment).join(" "))).toEqual([
    "--lr 0.1 --w=1",
    "--lr 0.1 --w=2",
    "--lr 0.2 --w=1",
    "--lr 0.2 --w=2",
  ]);
  expect(points[0].experiment.optimizer.batchSize).toBe(8);
});

test.each(["data", "model", "loss", "stop", "checkpoints", "engine", "threads", "subsample"])(
  "`%s` is the script's own affair",
  (key) => {
    const values: Record<string, unknown> = {
      data: { source: "spirals" },
      model: { kind: "mlp", hidden: [3], activation: "tanh" },
      loss: "mse",
      stop: { steps: 3 },
      checkpoints: { every: 3 },
      engine: "auto",
      threads: 2,
      subsample: 2000,
    };
    expect(messages({ ...base, [key]: values[key] }).join()).toMatch(
      new RegExp(`\`${key}\` is the script's own affair`),
    );
  },
);

describe("mistakes", () => {
  test.each([
    [
      "a reference to nothing",
      { trainer: { python: "train.py", args: ["${optimizer.learningrate}"] } },
      /`\$\{optimizer\.learningrate\}` names no setting.*Did you mean \$\{optimizer\.learningRate\}\?/,
    ],
    [
      "a reference to a part",
      { trainer: { python: "train.py", args: ["${settings.deep}"] } },
      /names no setting/,
    ],
    ["no script", { trainer: { args: [] } }, /`trainer` has no `python`/],
    ["a typing error", { trainer: { python: "train.py", arg: [] } }, /Unknown key `arg` in `trainer`.*args/],
    ["a wrong value", { optimizer: { learningRate: -1 } }, /`learningRate` must be a number > 0/],
  ] as const)("%s", (_name, more, message) => {
    expect(messages({ ...base, ...more }).join("\n")).toMatch(message);
  });

  test("a script that is not there, and settings without a script", () => {
    expect(messages(base, { exists: () => false }).join()).toMatch(
      /The script "train\.py" does not exist; expected it at \/project\/train\.py/,
    );
    const own = { data: { source: "spirals" }, model: { hidden: [3] }, optimizer: { learningRate: 1 } };
    expect(messages({ ...own, settings: { a: 1 } }).join()).toMatch(/this experiment has no `trainer`/);
    expect(messages({ name: "empty" }).join("\n")).toMatch(
      /has no `data`[\s\S]*has no `model`[\s\S]*has no `optimizer`/,
    );
  });
});

test("a person's interpreter is laid over experiments with a script, and makes none of the others one", () => {
  const local = "/project/.basin/local.json";
  const readText = () => JSON.stringify({ trainer: { interpreter: "/opt/python" } });
  const { points } = check(base, { local, readText });
  expect(points[0].experiment.trainer).toEqual({ ...base.trainer, interpreter: "/opt/python" });
  const own = { data: { source: "spirals" }, model: { hidden: [3] }, optimizer: { learningRate: 1 } };
  const { problems, points: plain } = check(own, { local, readText });
  expect(problems).toEqual([]);
  expect(plain[0].experiment.trainer).toBeUndefined();
  expect(checkLocal(readText(), local)).toEqual([]);
  expect(
    checkLocal('{"trainer": {"python": "x.py"}}', local)
      .map(({ message }) => message)
      .join(),
  ).toMatch(/`trainer\.python` cannot stand/);
});

test("the form shows a script's keys for a script, and Basin's own for all others", () => {
  const keys = (experiment: object) =>
    experimentForm(JSON.stringify(experiment), file, { problems: [] })
      .fields.filter(({ path }) => path.length === 1)
      .map(({ path }) => path[0]);
  expect(keys(base)).toEqual(expect.arrayContaining(["trainer", "settings", "optimizer", "probes"]));
  expect(keys(base)).not.toContain("data");
  expect(keys({ data: {}, model: {}, optimizer: {} })).not.toContain("trainer");
});
