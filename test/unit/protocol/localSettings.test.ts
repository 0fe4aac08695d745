// `.basin/local.json`: a person's own settings win over the experiment's file, and mistakes name the file and line they are in.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { formatProblem } from "../../../src/protocol/errors";
import { checkLocal } from "../../../src/protocol/localSettings";
import { checkOptions } from "../../../src/record/disk/checkOptions";
import { least } from "./samples";

const local = "/w/.basin/local.json";
const withLocal = (text: string | undefined, experiment = least, overrides: string[] = []) =>
  checkExperiment(experiment, "/w/a/x.basin.json", { local, readText: () => text, overrides });
const launching = least.replace("{", '{ "launch": { "concurrency": 3 },');

describe("local.json", () => {
  it("is laid over `launch` key by key, and below --set", () => {
    const text = '{ "launch": { "concurrency": 7 } } // mine';
    expect(withLocal(text).points[0].experiment.launch).toEqual({ on: "local", concurrency: 7 });
    expect(withLocal(text, launching).points[0].experiment.launch).toEqual({ on: "local", concurrency: 7 });
    expect(withLocal('{ "launch": { "on": "local" } }', launching).points[0].experiment.launch).toEqual({
      on: "local",
      concurrency: 3,
    });
    const set = withLocal(text, launching, ["launch.concurrency=2"]);
    expect(set.points[0].experiment.launch.concurrency).toBe(2);
  });

  it("changes nothing where it is not there", () => {
    expect(withLocal(undefined, launching).points).toEqual(
      checkExperiment(launching, "/w/a/x.basin.json").points,
    );
  });

  it.each([
    ['{\n "launsh": {} }', "launsh", 2, 'Did you mean "launch"?'],
    ['{ "launch": {\n\n "concurency": 2 } }', "launch.concurency", 3, 'Did you mean "concurrency"?'],
    ['{\n "launch": { "concurrency": 0 } }', "launch.concurrency", 2, "must be a whole number ≥ 1"],
    ['{\n\n "launch": 5 }', "launch", 3, "`launch` must be an object"],
    ['{\n "optimizer": {} }', "optimizer", 2, "belongs into the experiment file"],
    ['{ "launch": {}, \n "launch": {} }', "launch", 2, "given twice"],
    ["[]", undefined, 1, "holds no settings"],
    ['{ "launch": \n }', undefined, 2, "Expected a value"],
    ['{ "__proto__": {},\n "constructor": 1 }', "constructor", 2, "Unknown key"],
  ])("%j is refused with file, line and key, by itself and with an experiment", (text, key, line, says) => {
    for (const problems of [checkLocal(text, local), withLocal(text).problems]) {
      const found = problems.filter(({ place }) => place.line === line);
      expect(found.map(formatProblem).join("\n")).toContain(says);
      expect(problems.every(({ place }) => place.file === local)).toBe(true);
      if (key !== undefined) expect(found.map(({ place }) => place.key)).toContain(key);
    }
    expect(withLocal(text).points).toEqual([]);
  });

  it("leaves a mistake of the experiment's own `launch` in the experiment", () => {
    const wrong = launching.replace('"concurrency": 3', '"concurrency": 3, "om": 1');
    expect(withLocal('{ "launch": { "concurrency": 7 } }', wrong).problems).toMatchObject([
      { place: { file: "/w/a/x.basin.json", key: "launch.om" } },
    ]);
  });
});

const folder = mkdtempSync(join(tmpdir(), "basin-local-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("is the one of the experiment's workspace, and one that is not safe to read is an error", () => {
  const file = join(folder, "deep", "x.basin.json");
  mkdirSync(join(folder, ".basin"));
  mkdirSync(join(folder, "deep"));
  const path = join(folder, ".basin", "local.json");
  const check = () => checkExperiment(least, file, checkOptions(file));
  expect(check().points[0].experiment.launch.concurrency).toBe(1);
  writeFileSync(path, '{ "launch": { "concurrency": 4 } }');
  expect(check().points[0].experiment.launch.concurrency).toBe(4);
  rmSync(path);
  symlinkSync("/dev/zero", path);
  const { problems, points } = check();
  expect(points).toEqual([]);
  expect(problems).toMatchObject([
    { place: { file: path }, message: expect.stringContaining("regular file") },
  ]);
});
