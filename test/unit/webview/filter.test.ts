// The filter of the table of runs: what it finds, and what it says of a text that is none.
import { expect, test } from "vitest";
import { filterOf } from "../../../webview/table/filter";
import { rowNamed } from "./rows";

const rows = [
  rowNamed("sharp", {
    verdict: "unstable-mean",
    says: "unstable: too sharp",
    flagged: true,
    last: { sharpness: 40, "loss.train": NaN },
    limit: { sharpness: 20 },
    settings: { "optimizer.learningRate": "0.1", "optimizer.batchSize": '"full"' },
    note: { pinned: true, name: "", note: "look again", tags: ["paper", "Fig 3"] },
  }),
  rowNamed("flat", {
    last: { sharpness: 8 },
    best: { sharpness: 4 },
    limit: { sharpness: 40 },
    settings: { "optimizer.learningRate": "0.05", "optimizer.batchSize": "16" },
  }),
  rowNamed("new", {
    verdict: null,
    says: "training",
    status: "running",
    settings: { "optimizer.learningRate": "0.05" },
  }),
];
const data = { rows, shared: { seed: "3", "model.kind": '"mlp"' } };

const found = (text: string): string[] | string => {
  const filter = filterOf(text, data);
  return "problem" in filter ? filter.problem : rows.filter(filter.test).map(({ key }) => key);
};

test.each([
  ["", ["sharp", "flat", "new"]],
  ["   ", ["sharp", "flat", "new"]],
  ["SHARP", ["sharp"]],
  ["paper again", ["sharp"]],
  ['"look again"', ["sharp"]],
  ['"again look"', []],
  ["sharpness > 30", ["sharp"]],
  ["sharpness>30", ["sharp"]],
  ["sharpness <= 8", ["flat"]],
  ["sharpness > limit.sharpness", ["sharp"]],
  ["best.sharpness < 5", ["flat"]],
  ["verdict = stable", ["flat"]],
  ["verdict = flagged", ["sharp"]],
  ["verdict ~ unstable", ["sharp"]],
  ["verdict != stable", ["sharp", "new"]],
  ["status = running", ["new"]],
  ["optimizer.learningRate < 0.1", ["flat", "new"]],
  ["learningRate = 5e-2", ["flat", "new"]],
  ["batchSize = full", ["sharp"]],
  ["batchSize > 4", ["flat"]],
  ["seed = 3", ["sharp", "flat", "new"]],
  ["model.kind = mlp and not sharp", ["flat", "new"]],
  ["sharp or status = running", ["sharp", "new"]],
  ["(sharp or flat) learningRate < 0.1", ["flat"]],
  ["sharp or flat learningRate < 0.1", ["sharp", "flat"]],
  ["tag = PAPER", ["sharp"]],
  ['tags = "fig 3"', ["sharp"]],
  ["pinned = yes", ["sharp"]],
  ["step >= 100 and time < 2", ["sharp", "flat", "new"]],
  ["loss.train < 1", []],
  ["note !~ again", ["flat", "new"]],
])("%s finds %j", (text, keys) => {
  expect(found(text)).toEqual(keys);
});

test.each([
  ["sharpnes > 30", /No run has "sharpnes"\. Did you mean "sharpness"\?/],
  ["lr < 0.1", /No run has "lr"\. Did you mean "learningRate"\?/],
  ["qwertyuiop > 3", /No run has "qwertyuiop"\. Try one of name/],
  ["sharpness >", /After "sharpness >" a value is missing/],
  ["> 30", /Before ">" a name is missing/],
  ["sharpness > high", /"high" is no number and no name/],
  ["(sharp", /bracket is not closed/],
  ["sharp)", /"\)" is one bracket too many/],
  ["sharp and", /After "and" something is missing/],
  ["or sharp", /Beside "or" something is missing/],
  ['"sharp', /quote is not closed/],
  ["not", /After "not" something is missing/],
  ["()", /Before "\)" a name is missing/],
])("%s is refused with what is wrong", (text, said) => {
  expect(found(text)).toMatch(said);
});

test("names that every object has are no names of a run's, and no text breaks the reader", () => {
  for (const name of ["constructor", "__proto__", "toString", "best.constructor", "hasOwnProperty"])
    expect(found(`${name} = 1`)).toSatisfy((one) => typeof one === "string" || one.length === 0);
  const signs = ["(", ")", '"', "=", "!", "<", ">=", "~", "and", "or", "not", "sharpness", "3", " "];
  // Every text of three of them either filters or is refused in words.
  const texts = signs.flatMap((a) => signs.flatMap((b) => signs.map((c) => `${a} ${b}${c}`)));
  for (const text of texts) expect(() => found(text)).not.toThrow();
});
