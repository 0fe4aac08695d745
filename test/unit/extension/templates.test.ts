// What "New Experiment" writes: experiments that run as they are, or say which files they wait for.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { templates } from "../../../src/extension/commands/templates";
import { checkExperiment } from "../../../src/protocol/checkExperiment";

test("templates have labels and file names of their own", () => {
  for (const key of ["label", "fileName"] as const)
    expect(new Set(templates.map((template) => template[key])).size).toBe(templates.length);
});

test.each(templates.map((template) => [template.fileName, template] as const))(
  "%s is an experiment without problems",
  (name, { text }) => {
    const { points, problems } = checkExperiment(text, `${name}.basin.json`, {});
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(points.length).toBeGreaterThan(0);
    expect(points[0].experiment.name).toBe(name);
  },
);

test("the first template is the example that `npm start` trains", () => {
  const example = checkExperiment(
    readFileSync("examples/first-verdict.basin.json", "utf8"),
    "a.basin.json",
    {},
  );
  const template = checkExperiment(templates[0].text, "a.basin.json", {});
  expect(template.points).toEqual(example.points);
});
