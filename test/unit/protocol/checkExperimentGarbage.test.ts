// Whatever the text, the checker answers: it is called on every keystroke.
import { describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { Rng } from "../../../src/util/rng";
import { fashion, file } from "./samples";

const sweeping = fashion.replace(
  "{",
  '{ "sweep": { "optimizer.learningRate": [0.1, 1], "optimizer.batchSize": [4, "full"] },',
);
const splinters = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "null",
  "-",
  "1e",
  "\\u00",
  "//",
  "/*",
  "*/",
  "\n",
  "\u0000",
  '"__proto__"',
  '"sweep"',
  "[[]]",
  "{}",
  "1e999",
  "true",
  "\uFEFF",
  "\uD800",
];

/** One to five random edits: deletions, insertions, and copies from elsewhere in the text. */
function mutate(text: string, rng: Rng): string {
  let result = text;
  for (let edits = 1 + rng.below(5); edits > 0; edits--) {
    const at = rng.below(result.length + 1);
    const length = rng.below(2) ? 1 : rng.below(40);
    const from = rng.below(result.length + 1);
    const insert = [
      () => "",
      () => splinters[rng.below(splinters.length)],
      () => result.slice(from, from + length),
    ][rng.below(3)]();
    result = result.slice(0, at) + insert + result.slice(at + (rng.below(2) ? length : 0));
  }
  return result;
}

/** What must hold for every text. */
function expectSane(text: string, overrides: string[] = []): void {
  const { problems, points, placeOf } = checkExperiment(text, file, {
    exists: (path) => path.length % 2 === 0,
    overrides,
  });
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0 === points.length > 0)
    throw new Error(`points and errors disagree on ${JSON.stringify(text)}`);
  for (const place of [
    ...problems.map((problem) => problem.place),
    placeOf("optimizer.learningRate"),
    placeOf("sweep.x.y"),
    placeOf(""),
  ]) {
    if (place.file === "--set") continue;
    const { offset = -1, length = -1, line = 0, column = 0 } = place;
    const inside = offset >= 0 && length >= 1 && offset <= text.length && line >= 1 && column >= 1;
    if (!inside) throw new Error(`place ${JSON.stringify(place)} outside of ${JSON.stringify(text)}`);
  }
}

describe("checkExperiment", () => {
  it("answers 1500 randomly damaged experiments with places inside the text, and points exactly when there is no error", () => {
    const rng = new Rng(7, "test");
    for (let i = 0; i < 1500; i++) expectSane(mutate(rng.below(2) ? fashion : sweeping, rng));
  });

  it("answers random overrides", () => {
    const rng = new Rng(8, "test");
    const overrides = [
      "optimizer.learningRate=0.1",
      'data={"source":"spirals"}',
      "model.hidden.0=3",
      "sweep={}",
      "stop.steps=5",
    ];
    for (let i = 0; i < 500; i++) expectSane(sweeping, [mutate(overrides[rng.below(overrides.length)], rng)]);
  });

  it("answers every JSON value in the place of every key", () => {
    const values = [
      "null",
      "0",
      "-1",
      "1.5",
      '""',
      '"x"',
      "[]",
      "[1]",
      "[[]]",
      "{}",
      '{"a":1}',
      "true",
      '[{"source":"idx"}]',
    ];
    for (const [key] of fashion.matchAll(/"\w+":/g)) {
      for (const value of values) {
        const at = fashion.indexOf(key);
        const end = at + key.length;
        expectSane(`${fashion.slice(0, end)} ${value}, "zz": ${fashion.slice(end)}`);
        expectSane(`${fashion.slice(0, end)} ${value} }`);
      }
    }
  });

  it("answers an experiment in under 20 ms once warm", () => {
    // Median of many, since a shared machine stalls now and then.
    const times = Array.from({ length: 41 }, () => {
      const start = performance.now();
      checkExperiment(sweeping, file, { exists: () => true });
      return performance.now() - start;
    }).sort((a, b) => a - b);
    expect(times[20]).toBeLessThan(20);
  });
});
