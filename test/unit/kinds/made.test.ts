// The files made from what the kinds declare are those in the repository, and whatever a kind names is among its keys.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { madeFiles } from "../../../src/kinds";
import { definitionOf, experimentSchemaOf, families } from "../../../src/kinds/schema";
import { schemaAt } from "../../../src/protocol/experimentSchema";
import type {
  Condition,
  DataFragment,
  Fragment,
  OptimizerFragment,
  Words,
} from "../../../src/protocol/fragment";

describe.each(madeFiles())("$path", ({ path, text }) => {
  it("is what the kinds declare (else: npm run schema)", () => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});

const fragments = families.flatMap(({ name, key, kinds, others = {} }) =>
  Object.entries({ ...kinds, ...others }).map(([kind, fragment]) => ({
    title: `${name} ${kind}`,
    family: name,
    written: kind in others ? { [kind]: "a" } : { [key]: kind },
    fragment,
    definition: definitionOf(name, kind),
  })),
);

/** Every key that a fragment's rules, facts and words speak of. */
function keysNamed(fragment: Fragment & Partial<DataFragment> & Partial<OptimizerFragment>): string[] {
  const ofTexts = (texts: readonly string[]) =>
    texts.flatMap((text) => [...text.matchAll(/\{([\w.× -]+)\}/g)].map(([, key]) => key));
  const ofConditions = (when: readonly Condition[] = []) =>
    when.flatMap(({ key, below }) => (typeof below === "string" ? [key, below] : [key]));
  const ofWords = (words: readonly Words[] = []) =>
    words.flatMap(({ text, when }) => [...ofTexts([text]), ...ofConditions(when)]);
  const { rules = [], words, limit, examples, test, targets, from = "" } = fragment;
  return [
    ...rules.flatMap(({ at, when, message, hint }) => [
      at,
      ...ofConditions(when),
      ...ofTexts([message, hint]),
    ]),
    ...ofWords(words),
    ...ofWords(limit),
    ...(examples ? [examples.key] : []),
    ...(test === undefined || test === "known later" ? [] : [test]),
    ...(typeof targets === "object" ? ofConditions([targets.numbersWhen]) : []),
    ...ofTexts([from]),
  ].flatMap((key) => key.split(" × ").map((part) => part.replace(/\.length$/, "")));
}

describe.each(fragments)("$title", ({ family, written, fragment, definition }) => {
  const top = family === "schedule" ? { optimizer: { schedule: written } } : { [family]: written };
  const base = family === "schedule" ? ["optimizer", "schedule"] : [family];

  it("names only keys that it, or the experiment, has", () => {
    for (const key of keysNamed(fragment)) {
      const path = key.startsWith(".") ? key.slice(1).split(".") : [...base, ...key.split(".")];
      expect(schemaAt(top, path), key).toBeDefined();
    }
  });

  it("requires and fills in only keys of its own", () => {
    for (const key of [...(fragment.required ?? []), ...(fragment.filled ?? [])])
      expect(Object.keys(fragment.properties)).toContain(key);
  });

  it("has a definition of its own in the schema", () => {
    expect(experimentSchemaOf().definitions[definition]).toBeDefined();
  });
});
