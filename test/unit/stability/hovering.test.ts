// What a course of readings says beside the last of them: hovering at the limit, and coming back from beyond it.
import { expect, test } from "vitest";
import { Course } from "../../../src/measure/course";
import { hoveringOf, recentReturns } from "../../../src/stability/hovering";
import { judge } from "../../../src/stability/judge";

const course = (shares: readonly number[], loss = (i: number) => 1 / (i + 1)) =>
  shares.map((share, i) => ({ step: 10 * i, share, loss: loss(i) }));
/** Far from 1 on both sides, 1.08 on average: the kind of a warm-up on CIFAR-10. */
const around = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 0.88 : 1.28));
const beyond = { diverged: false, learningRate: 1.28, meanLimit: 1, meanLimitError: 1e-3, variance: null };

test("readings on both sides of the limit with a falling loss are the edge, however far the last one lies", () => {
  const hovering = hoveringOf(course(around));
  expect(hovering).toMatchObject({ from: 0, to: 90, readings: 10, crossings: 9 });
  expect(hovering!.meanShare).toBeCloseTo(1.08, 12);
  expect(judge({ ...beyond, hovers: true }).verdict).toBe("edge");
  expect(judge({ ...beyond, hovers: true, varianceMissing: true }).verdict).toBe("edge");
  expect(judge(beyond).verdict).toBe("unstable-mean");
  expect(judge({ ...beyond, hovers: true, diverged: true }).verdict).toBe("diverged");
});

test.each([
  ["with fewer than ten readings", course(around.slice(1))],
  ["with a loss that rises", course(around, (i) => i)],
  [
    "with a crossing in one direction alone",
    course([...Array<number>(5).fill(0.8), ...Array<number>(5).fill(1.2)]),
  ],
  ["with a reading that is no number", course([...around.slice(0, 9), NaN])],
  [
    "where only the first four fifths did",
    course([...around, ...around, ...around, ...around, ...Array<number>(10).fill(0.5)]),
  ],
])("%s it does not hover", (_title, points) => {
  expect(hoveringOf(points)).toBeNull();
});

test("only the last fifth of a long course counts", () => {
  const points = course([...Array<number>(80).fill(0.2), ...around, ...around]);
  expect(hoveringOf(points)).toMatchObject({ readings: 20, from: 800, to: 990 });
});

test("a run that came back from its limit again and again, the last time just now, is not called stable", () => {
  const bounces = course([...Array.from({ length: 30 }, (_, i) => (i % 6 === 5 ? 1.3 : 0.7)), 0.7, 0.8]);
  expect(recentReturns(bounces)).toBe(5);
  // One that left its limit for good has not.
  expect(recentReturns(course([...bounces.map(({ share }) => share), ...Array<number>(20).fill(0.5)]))).toBe(
    0,
  );
  expect(recentReturns(course([0.5, 1.2, 0.5]))).toBe(0);
  const clear = { diverged: false, learningRate: 0.7, meanLimit: 1, meanLimitError: 1e-3, variance: null };
  expect(judge({ ...clear, returns: 5 }).verdict).toBe("inconclusive");
  expect(judge({ ...clear, returns: 0 }).verdict).toBe("stable");
});

test("a course saved and restored is the same, and a second reading at one step takes the place of the first", () => {
  const one = new Course();
  for (const point of course(around)) one.add(point);
  one.add({ step: 90, share: 0.1, loss: 0.3 });
  const other = new Course(one.save());
  expect(other.points).toEqual(one.points);
  expect(other.points).toHaveLength(10);
  expect(other.points[9]).toEqual({ step: 90, share: Math.fround(0.1), loss: Math.fround(0.3) });
});
