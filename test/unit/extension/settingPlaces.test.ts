// Where a file writes what a run was set to.
import { expect, test } from "vitest";
import { settingPlacesIn } from "../../../src/extension/language/settingPlaces";
import { fixtureRun } from "../../fixtures/writeRun";

const runOf = (learningRate: number, overrides: Readonly<Record<string, unknown>> = {}) => {
  const { info } = fixtureRun("edge", { learningRate, batchSize: "full" });
  return { ...info, overrides };
};
const rate = "optimizer.learningRate";
const single = '{ "optimizer": { "learningRate": 0.3, "batchSize": "full" } }';
const sweep = `{ "optimizer": { "learningRate": 1 }, "sweep": { "${rate}": [0.3, 3e-1, 0.8] } }`;

/** What stands at a run's learning rate. */
const written = (text: string, run: ReturnType<typeof runOf>): string | undefined => {
  const at = settingPlacesIn(text)(run)?.written.get(rate);
  return at && text.slice(at.offset, at.offset + at.length);
};

test("a run's setting is its key, or the value of the sweep's list that it took", () => {
  expect(written(single, runOf(0.3))).toBe("0.3");
  expect(written(sweep, runOf(0.8, { [rate]: 0.8 }))).toBe("0.8");
  expect(settingPlacesIn(sweep)(runOf(0.8, { [rate]: 0.8 }))?.written.get(rate)?.swept).toBe(true);
});

test("a file that says something else by now has no place for the run", () => {
  expect(settingPlacesIn(single)(runOf(0.4))).toBeNull();
  expect(settingPlacesIn("{")(runOf(0.3))).toBeNull();
});

test("what is remembered of a text is never another text's, however many were asked", () => {
  const run = runOf(0.3);
  for (let i = 0; i < 40; i++) {
    const text = `${" ".repeat(i % 13)}${single}`;
    expect(settingPlacesIn(text)(run)?.written.get(rate)?.offset).toBe(text.indexOf("0.3"));
  }
});
