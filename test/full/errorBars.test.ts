// A thousand random small problems: the truth lies within the error bar, and the bar is not far wider than the error.
import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { expectHonest } from "../support/errorBars";

const problems = Number(process.env.BASIN_PROBLEMS ?? 1000);
/** Where to put what there is so far, as JSON: `npm run test:full` makes its figures of it. */
const figures = process.env.BASIN_FIGURES;

test(`error bars of ${problems} random problems hold, and are not far too wide`, async () => {
  await expectHonest(1000, problems, (done, coverage) => {
    console.log(`${done} problems`);
    if (figures) writeFileSync(figures, JSON.stringify({ problems: done, coverage }));
  });
});
