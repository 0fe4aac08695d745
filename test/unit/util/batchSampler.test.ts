// Batches: how often examples and pairs of them are drawn, and that a sampler goes on bit-exactly from its state.
import { describe, expect, it } from "vitest";
import { BatchSampler, type Sampling } from "../../../src/util/batchSampler";

const how = (sampling: Sampling["sampling"], n = 12, size = 5): Sampling => ({ n, size, sampling, seed: 3 });
const take = (sampler: BatchSampler, count: number): number[][] =>
  Array.from({ length: count }, () => [...sampler.next()]);

describe.each(["epochs", "independent"] as const)("sampling %s", (sampling) => {
  it("draws B different examples of the n", () => {
    for (const batch of take(new BatchSampler(how(sampling)), 200)) {
      expect(new Set(batch).size).toBe(5);
      expect(batch.every((i) => i >= 0 && i < 12)).toBe(true);
    }
  });

  it("goes on from the state before any batch as if it had never stopped", () => {
    const sampler = new BatchSampler(how(sampling));
    for (let step = 0; step < 9; step++) {
      const rest = take(new BatchSampler(how(sampling), sampler.state), 7);
      expect(take(new BatchSampler(how(sampling), JSON.parse(JSON.stringify(sampler.state))), 7)).toEqual(
        rest,
      );
      expect([...sampler.next()]).toEqual(rest[0]);
    }
  });

  it("takes every example and, for independent batches, every pair as often as the others", () => {
    const [n, B, count] = [12, 5, 24_000];
    const single = new Float64Array(n);
    const pairs = new Float64Array(n * n);
    for (const batch of take(new BatchSampler(how(sampling)), count))
      for (const i of batch) {
        single[i]++;
        for (const j of batch) if (j !== i) pairs[i * n + j]++;
      }
    // Five standard deviations of a binomial with these chances.
    const within = (seen: number, p: number) =>
      expect(Math.abs(seen - count * p)).toBeLessThan(5 * Math.sqrt(count * p * (1 - p)));
    single.forEach((seen) => within(seen, B / n));
    if (sampling === "independent")
      pairs.forEach((seen, at) => {
        if (Math.floor(at / n) !== at % n) within(seen, (B * (B - 1)) / (n * (n - 1)));
      });
  });
});

/** Share of an example's batches whose next batch holds it again. */
function again(sampling: Sampling["sampling"]): number {
  const batches = take(new BatchSampler(how(sampling, 100, 10)), 20_000);
  const both = batches.slice(1).filter((batch, t) => batch.includes(7) && batches[t].includes(7)).length;
  return both / batches.slice(0, -1).filter((batch) => batch.includes(7)).length;
}

it("knows nothing of the batch before where batches are independent, and nearly avoids it in epochs", () => {
  // B/n = 0.1; in epochs of ten batches only the first after a new permutation may repeat: 0.1 · 0.1.
  expect(Math.abs(again("independent") - 0.1)).toBeLessThan(0.035);
  expect(again("epochs")).toBeLessThan(0.035);
});
