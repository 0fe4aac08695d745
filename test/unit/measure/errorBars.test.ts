// A sample of test/full/errorBars.test.ts.
import { test } from "vitest";
import { expectHonest } from "../../support/errorBars";

test("error bars of 40 random problems hold, and are not far too wide", async () => {
  await expectHonest(0, 40);
}, 300_000);
