// A sample of the crash points that `npm run crash` goes through: nothing that had reached the disk is lost, and the run ends as if nothing had been.
import { expect, test } from "vitest";
import { Campaign } from "../crash/campaign";
import { root, temporary } from "../support/runs";

const sample = 30;

test(`${sample} crash points of a run, a resume and a stop lose nothing`, { timeout: 600_000 }, async () => {
  const campaign = new Campaign(temporary(), root);
  const points = await campaign.points();
  expect(points.length).toBeGreaterThan(1000);
  // Evenly over all of them; a prime's stride meets every kind of operation and every way to stop at it.
  const chosen = Array.from({ length: sample }, (_, i) => points[(i * 397) % points.length]);
  let reached = 0;
  for (const point of chosen) {
    reached += (await campaign.crash([point])).length;
  }
  // Timers may shift the last operations of a process by a few.
  expect(reached).toBeGreaterThan(sample - 4);
});
