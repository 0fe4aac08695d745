// One probe more in an experiment's text: nothing else changes, and what comes out is an experiment that measures it.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import schema from "../../../src/protocol/basin.schema.json";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { withProbe, type ProbeId } from "../../../src/protocol/withProbe";

const ids = Object.keys(schema.definitions.probes.properties) as ProbeId[];
const probesOf = (text: string) => {
  const { points, problems } = checkExperiment(text, "x.basin.json", {});
  expect(problems.filter(({ severity }) => severity === "error")).toEqual([]);
  return points[0].experiment.probes;
};
const silent = `{
  // nothing said of probes
  "data": { "source": "chebyshev", "degree": 3, "examples": 8, "testExamples": 8 },
  "model": { "kind": "mlp", "hidden": [8] },
  "loss": "mse",
  "optimizer": { "kind": "sgd", "learningRate": 0.1 } // the last line
}
`;
const example = readFileSync(new URL("../../../examples/spirals.basin.json", import.meta.url), "utf8");

describe.each(ids)("%s", (id) => {
  test("is measured after it is added, beside all that was measured before", () => {
    for (const text of [silent, example]) {
      const before = probesOf(text);
      const after = probesOf(withProbe(text, id, before));
      expect(Object.keys(after).sort()).toEqual([...new Set([...Object.keys(before), id])].sort());
    }
  });
});

test("comments and lines that were there stay", () => {
  const after = withProbe(example, "spectrum", {}).split("\n");
  // A comma behind the last probe is all that changes.
  for (const line of example.split("\n"))
    expect(after.map((one) => one.replace(/,$/, ""))).toContain(line.replace(/,$/, ""));
  expect(withProbe(silent, "spectrum", {})).toContain("// the last line");
});

test("a probe with settings of its own keeps them", () => {
  expect(withProbe(example, "noise", {})).toBe(example);
});
