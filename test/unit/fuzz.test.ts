// A sample of `npm run fuzz`: damaged inputs end in a result or in a message for the user.
import { expect, test } from "vitest";
import { fuzz } from "../fuzz/fuzz";

test(
  "three thousand damaged inputs of every format raise no internal error",
  { timeout: 300_000 },
  async () => {
    const { errors } = await fuzz(3000, 2);
    expect(errors.slice(0, 5)).toEqual([]);
  },
);
