// Feeds damaged inputs to every format's door in turn.
import { UserError } from "../../src/protocol/errors";
import { Rng } from "../../src/util/rng";
import { formats } from "./formats";
import { mutate } from "./mutate";

/** Milliseconds beyond which an input counts as a hang. */
const patience = 2000;

export async function fuzz(count: number, seed = 1) {
  const rng = new Rng(seed, "fuzz");
  const perFormat = new Map<string, number>();
  const errors: string[] = [];
  let slow = 0;
  for (let i = 0; i < count; i++) {
    const { name, samples, decode } = formats[i % formats.length];
    const input = mutate(samples[rng.below(samples.length)], rng);
    const once = async (): Promise<boolean> => {
      const started = performance.now();
      try {
        await decode(input);
      } catch (error) {
        if (!(error instanceof UserError))
          errors.push(`${name}: ${String(error)} from ${JSON.stringify(input.toString("latin1"))}`);
      }
      return performance.now() - started > patience;
    };
    // A busy machine may hold up anything once; a hang comes again.
    if ((await once()) && (await once())) slow++;
    perFormat.set(name, (perFormat.get(name) ?? 0) + 1);
  }
  return { perFormat, errors, slow };
}
