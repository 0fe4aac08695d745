// Readings told by their numbers are the readings that were told.
import { expect, it } from "vitest";
import type { NotTaken, Taken } from "../../../src/run/measuring";
import { Forms, inFull, mostNumbers } from "../../../src/run/readings/forms";
import { Rng } from "../../../src/util/rng";

type Readings = readonly (Taken | NotTaken)[];

const rng = new Rng(5, "test");
const cost = () => ({ products: Math.floor(9 * rng.uniform()), seconds: rng.uniform() });
const list = (length: number) => Array.from({ length }, () => rng.normal());

/** Sharpness of so many eigenvalues, the limit without an error bar. */
const sharpness = (top: number, method = "Lanczos", leftOut: readonly string[] = []): Taken => ({
  probe: "sharpness",
  leftOut,
  cost: cost(),
  readings: [
    { metric: "sharpness", value: rng.normal(), error: Infinity, how: "estimate", method, cost: cost() },
    { metric: "eigenvalues", value: list(top), error: list(top), how: "estimate", method, cost: cost() },
    { metric: "stability.meanLimit", value: NaN, how: "exact", method: "2/λ", cost: cost() },
  ],
});
const layers = (): Taken => ({ ...sharpness(1), probe: "layers" });

/** Both sides of a conversation: how each readings were told, and that they arrived. */
function conversation(all: readonly Readings[]): number[] {
  const [here, there] = [new Forms(), new Forms()];
  const numbers = new Float64Array(mostNumbers);
  return all.map((readings) => {
    const form = here.write(readings, numbers);
    if (form === inFull) {
      here.learn(readings);
      there.learn(structuredClone(readings));
    } else expect(there.read(form, numbers)).toEqual(readings);
    return form;
  });
}

it("the first of a form in full, those that follow as numbers", () => {
  const told = [
    [sharpness(1)],
    [sharpness(1)],
    [sharpness(1), layers()],
    [sharpness(1)],
    [sharpness(1), layers()],
    [],
  ];
  expect(conversation(told)).toEqual([inFull, 0, inFull, 0, 1, inFull]);
});

it("another method, length, probe or remark is another form", () => {
  const { readings, ...rest } = sharpness(2);
  const bare = { ...rest, readings: readings.map(({ error: _, ...own }) => own) };
  const others = [sharpness(1), sharpness(2, "Power"), sharpness(2, "Lanczos", ["x"]), layers(), bare];
  for (const other of others)
    for (const [a, b] of [
      [sharpness(2), other],
      [other, sharpness(2)],
    ])
      expect(conversation([[a], [b], [a], [b]])).toEqual([inFull, inFull, 0, 1]);
});

it("what cannot be taken, or has more numbers than there is room for, is always told in full", () => {
  const why = { probe: "noise", why: "x" } as const;
  const long = sharpness(mostNumbers);
  expect(conversation([[why], [why], [long], [long]])).toEqual([inFull, inFull, inFull, inFull]);
});

it("methods that are new every time do not fill the memory", () => {
  const told = Array.from({ length: 40 }, (_, i) => [sharpness(1, `Lanczos, ${i} products`)]);
  expect(new Set(conversation(told))).toEqual(new Set([inFull]));
  expect(conversation([...told, ...told]).at(-1)).toBe(inFull);
  expect(conversation([...told, ...told])[40]).toBe(0);
});
