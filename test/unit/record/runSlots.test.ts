// One colour a run: it stays while the run is compared, and tells apart from the others in every theme, by letter and dash too.
import { expect, test } from "vitest";
import { runColorOn } from "../../../src/record/export/runColors";
import { letterOf, mostCompared, slotsOf } from "../../../src/record/runSlots";

test("a run keeps its colour while others come and go, and gets it back", () => {
  const first = slotsOf(new Map(), ["a", "b", "c"]);
  expect([...first]).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 2],
  ]);
  const second = slotsOf(first, ["c", "d", "a"]);
  expect(Object.fromEntries(second)).toEqual({ c: 2, a: 0, d: 1 });
  expect(Object.fromEntries(slotsOf(first, ["b"]))).toEqual({ b: 1 });
});

test("so many are compared as there are colours; the next gets one when one is free", () => {
  const runs = Array.from({ length: 25 }, (_, i) => `r${i}`);
  const slots = slotsOf(new Map(), runs);
  expect([...slots.values()]).toEqual(Array.from({ length: mostCompared }, (_, i) => i));
  expect(slots.has("r20")).toBe(false);
  expect(slotsOf(slots, runs.slice(1)).get("r20")).toBe(0);
});

test("what was kept on the disk and is no place gives none, and no two runs share one", () => {
  const slots = slotsOf(
    new Map([
      ["a", 999],
      ["b", 3],
      ["c", 3],
    ]),
    ["a", "b", "c"],
  );
  expect(Object.fromEntries(slots)).toEqual({ a: 0, b: 3, c: 1 });
});

test("letters name every place", () => {
  expect(Array.from({ length: mostCompared }, (_, i) => letterOf(i)).join("")).toBe("ABCDEFGHIJKLMNOPQRST");
});

/** Backgrounds of VS Code's own themes. */
const backgrounds = {
  dark: ["#1e1e1e", "#1f1f1f", "#181818", "#000000"],
  light: ["#ffffff", "#f8f8f8"],
} as const;

test.each(["dark", "light"] as const)(
  "colours stand out from a %s background and from one another",
  (background) => {
    const colors = Array.from({ length: mostCompared }, (_, i) => runColorOn(i, background));
    for (const { color } of colors)
      for (const behind of backgrounds[background])
        expect([color, behind, contrast(color, behind)]).toSatisfy(([, , c]) => Number(c) >= 3);
    expect(new Set(colors.map(({ color, dashed }) => `${color} ${dashed}`)).size).toBe(mostCompared);
    const hues = colors.slice(0, 10).map(({ color }) => lab(color));
    // A difference of 10 is seen at a glance (CIE 1976).
    hues.forEach((a, i) =>
      hues
        .slice(i + 1)
        .forEach((b, j) => expect([i, i + j + 1, distance(a, b)]).toSatisfy(([, , d]) => Number(d) > 15)),
    );
  },
);

const linear = (color: string): number[] =>
  [1, 3, 5]
    .map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const luminance = (color: string): number => {
  const [r, g, b] = linear(color);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}
function lab(color: string): [number, number, number] {
  const [r, g, b] = linear(color);
  const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (841 / 108) * t + 4 / 29);
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
const distance = (a: number[], b: number[]) => Math.hypot(...a.map((x, i) => x - b[i]));
