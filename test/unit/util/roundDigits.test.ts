// Cutting digits by arithmetic is cutting them in the text, bit for bit.
import { describe, expect, it } from "vitest";
import { roundDigits } from "../../../src/util/roundDigits";
import { Rng } from "../../../src/util/rng";

const byText = (x: number, digits: number): number => Number(x.toPrecision(digits));

/** Those that are cut otherwise than their text is. */
const wrong = (numbers: readonly number[], digits: number): number[] =>
  numbers.flatMap((x) => [x, -x]).filter((x) => !Object.is(roundDigits(x, digits), byText(x, digits)));

describe.each([1, 3, 8])("to %i digits", (digits) => {
  it("numbers of every size", () => {
    const rng = new Rng(3, "test");
    const numbers = Array.from({ length: 100_000 }, () => rng.normal() * 10 ** (40 * (rng.uniform() - 0.5)));
    expect(wrong(numbers, digits)).toEqual([]);
    expect(wrong(numbers.map(Math.fround), digits)).toEqual([]);
  });

  it("beside powers of ten, halfway between two texts, and where there is none", () => {
    const factors = [1, 1 - 2 ** -53, 1 + 2 ** -52, 1 - 1e-8, 0.999999995, 1.2345675, 1.23456785, 9.995, 2.5];
    for (let power = -30; power < 30; power++)
      expect(
        wrong(
          factors.map((factor) => factor * 10 ** power),
          digits,
        ),
      ).toEqual([]);
    expect(wrong([0, NaN, Infinity, Number.MIN_VALUE, Number.MAX_VALUE, 0.125, 12345678.5], digits)).toEqual(
      [],
    );
  });
});
