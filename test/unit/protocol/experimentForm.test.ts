// The form of an experiment: derived from the schema, so that it has what the checker takes, and edits that leave a text the checker takes.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import schema from "../../../src/protocol/basin.schema.json";
import { checkExperiment } from "../../../src/protocol/checkExperiment";
import { experimentForm, idOf } from "../../../src/protocol/experimentForm";
import { withPart, withTyped } from "../../../src/protocol/fieldEdit";
import type { FormField } from "../../../src/protocol/formField";

const formOf = (text: string, refused?: Map<string, { typed: string; message: string }>) =>
  experimentForm(text, "/w/x.basin.json", {
    problems: checkExperiment(text, "/w/x.basin.json").problems,
    refused,
  });
const fieldsOf = (text: string) => new Map(formOf(text).fields.map((field) => [field.path.join("."), field]));
const field = (text: string, name: string): FormField => {
  const found = fieldsOf(text).get(name);
  if (!found) throw new Error(`no field ${name}`);
  return found;
};
const errorsOf = (text: string) =>
  checkExperiment(text, "/w/x.basin.json").problems.filter(({ severity }) => severity === "error");

const text = `{
  "data": { "source": "teacher", "examples": 20 }, // from the seed
  "model": { "kind": "mlp", "hidden": [20, 20] },
  "optimizer": { "kind": "sgd", "learningRate": 5e-2, "momentum": 0.9, "nesterov": true },
  "stop": { "steps": 100 }
}
`;

test("every key that the schema knows has a field, whatever stands in the file", () => {
  // What a script of the user's own has besides stands in the form of an experiment with one.
  const own = Object.keys(schema.properties).filter(
    (key) => !key.startsWith("$") && key !== "trainer" && key !== "settings",
  );
  expect([...fieldsOf(text).keys()].filter((name) => !name.includes("."))).toEqual(own);
  const sgd = Object.keys(schema.definitions.optimizerSgd.properties);
  const shown = [...fieldsOf(text).keys()].filter((name) => /^optimizer\.\w+$/.test(name));
  expect(shown.map((name) => name.split(".")[1]).sort()).toEqual(sgd.sort());
});

test("a field says what the file writes, what holds otherwise, and what it takes", () => {
  expect(field(text, "optimizer.learningRate")).toMatchObject({
    kind: "number",
    written: "5e-2",
    expects: "a number > 0",
  });
  expect(field(text, "data.testExamples")).toMatchObject({ written: null, otherwise: "100" });
  expect(field(text, "model.hidden")).toMatchObject({ kind: "value", written: "[20, 20]", required: true });
  expect(field(text, "optimizer.batchSize").choices.map(({ value }) => value)).toContain("full");
  expect(field(text, "data.source").choices.map(({ value }) => value)).toEqual(
    schema.definitions.data.properties.source.enum,
  );
  expect(field(text, "probes")).toMatchObject({ kind: "part", open: false });
});

test("a list over several lines stands on one in its field, its numbers as written; with a comment in it as it is", () => {
  const lines = (list: string) => text.replace("[20, 20]", list);
  expect(field(lines("[\n    2e1,\n    20,\n  ]"), "model.hidden").written).toBe("[2e1, 20]");
  const said = "[\n    20, // wide\n    20\n  ]";
  expect(field(lines(said), "model.hidden").written).toBe(said);
});

test("what another file gives is shown as what holds otherwise", () => {
  const readText = () => '{ "optimizer": { "learningRate": 0.3 }, "seed": 4 }';
  const { fields } = experimentForm('{ "extends": "base.basin.json" }', "/w/x.basin.json", {
    problems: [],
    readText,
  });
  const seed = fields.find(({ path }) => path.join(".") === "seed");
  const rate = fields.find(({ path }) => path.join(".") === "optimizer.learningRate");
  expect([seed?.written, seed?.otherwise, rate?.otherwise]).toEqual([null, "4", "0.3"]);
});

test("typing back what every field of every example says changes nothing of its value", () => {
  for (const name of readdirSync("examples").filter((one) => one.endsWith(".basin.json"))) {
    const source = readFileSync(`examples/${name}`, "utf8");
    for (const one of formOf(source).fields) {
      if (one.kind === "part" || one.written === null) continue;
      expect(withTyped(source, one, one.written), `${name}: ${one.path.join(".")}`).toBe(source);
    }
  }
});

test("every part that is left out may be put in, and what comes out can be checked at its key alone", () => {
  for (const one of formOf(text).fields.filter(({ kind, open }) => kind === "part" && !open)) {
    const after = withPart(text, one.path);
    expect(field(after, one.path.join(".")).open).toBe(true);
    for (const { place } of errorsOf(after)) expect(place.key).toMatch(new RegExp(`^${one.path.join(".")}`));
  }
});

test("another kind takes the keys along that only the last one had", () => {
  const after = withTyped(text, field(text, "optimizer.kind"), "adam");
  expect(after).toContain('"optimizer": { "kind": "adam", "learningRate": 5e-2 }');
  expect(after).toContain("// from the seed");
  expect(errorsOf(after)).toEqual([]);
});

test.each([
  ["optimizer.learningRate", "1e-3", '"learningRate": 1e-3'],
  ["optimizer.learningRate", ".5", '"learningRate": 0.5'],
  ["optimizer.learningRate", "fast", '"learningRate": "fast"'],
  ["optimizer.batchSize", "full", '"batchSize": "full"'],
  ["optimizer.batchSize", "8", '"batchSize": 8'],
  ["model.hidden", "30, 40", '"hidden": [30, 40]'],
  ["name", "12", '"name": "12"'],
])("%s: typing %j writes %s", (name, typed, written) => {
  expect(withTyped(text, field(text, name), typed)).toContain(written);
});

test("a problem stands at its field, in the command line's words; one of a missing key at the part", () => {
  const wrong = text.replace("5e-2", "-1").replace('"hidden": [20, 20]', '"activation": "tanh"');
  const [said] = field(wrong, "optimizer.learningRate").problems;
  const cli = errorsOf(wrong).find(({ place }) => place.key === "optimizer.learningRate");
  expect(said.message).toBe(cli?.message);
  expect(field(wrong, "model").problems[0].message).toContain("no `hidden`");
});

test("what was refused stands at its field, also at a key that is none", () => {
  const refused = new Map([[idOf(["sweep", "optimizr.learningRate"]), { typed: "[1]", message: "no" }]]);
  const found = formOf(text.replace('"stop"', '"sweep": {}, "stop"'), refused).fields.find(
    ({ refused }) => refused,
  );
  expect(found?.path).toEqual(["sweep", "optimizr.learningRate"]);
  expect(found?.written).toBeNull();
});

test("a text that cannot be read has no fields and says where", () => {
  const form = formOf('{\n  "seed": 1,\n  "data": {{\n}');
  expect(form).toMatchObject({ readable: false, fields: [] });
  expect(form.problems[0].line).toBe(3);
});
