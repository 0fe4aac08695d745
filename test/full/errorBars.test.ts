// A thousand random small problems: the truth lies within the error bar, and the bar is not far wider than the error.
import { test } from "vitest";
import { expectHonest } from "../support/errorBars";

test("error bars of 1000 random problems hold, and are not far too wide", async () => {
  await expectHonest(1000, 1000);
}, 3_600_000);
