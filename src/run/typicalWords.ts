// What a typical run does, in words a newcomer understands: beside the mean square, which rare bursts can carry.
import { judgeTypical } from "../stability/judge";
import type { VerdictKind } from "../types/verdict";
import { named, noiseless, rateOf, type Judged } from "./judge";
import { fmt } from "./numberWords";

const known = (judged: Judged) => {
  const { typicalGrowth: growth, typicalLimit: limit } = named(judged);
  return noiseless(judged) || !growth || !limit
    ? null
    : { growth, limit, kind: judgeTypical(rateOf(judged), limit) };
};

/** Whether the mean square alone is carried away. */
export const comesBack = (judged: Judged): boolean => known(judged)?.kind === "stays";

/** What follows a verdict's sentence; "" where that says it all. */
export function typicalSentence(judged: Judged, verdict: VerdictKind): string {
  const typical = known(judged);
  if (!typical) return "";
  const { kind, limit } = typical;
  const most = fmt(limit.value);
  if (verdict === "unstable-variance")
    return {
      stays: ` A typical run comes back, up to learning rate ${most}: expect spikes, not divergence.`,
      leaves: ` A typical run leaves as well: it would come back up to learning rate ${most}.`,
      undecided: ` Whether a typical run leaves as well is undecided: that begins near learning rate ${most}.`,
    }[kind];
  if (verdict === "stable" && kind === "leaves")
    return ` Drawn as this run draws its batches, though, a typical run leaves: it would come back up to learning rate ${most}.`;
  return "";
}

/** The numbers behind it. */
export function typicalReason(judged: Judged): string | null {
  const typical = known(judged);
  if (!typical) return null;
  const { growth, limit } = typical;
  const drawn =
    judged.experiment.optimizer.sampling === "independent"
      ? "each batch drawn by itself"
      : "batches drawn as epochs";
  const part = judged.closing?.facts.typical;
  const directions =
    part && part.rank < part.fullRank ? `, from ${part.rank} of ${part.fullRank} directions` : "";
  return `A typical run: growth ${fmt(growth.value)} ± ${fmt(growth.error)} per step; it leaves from learning rate ${fmt(limit.value)} ± ${fmt(limit.error)} on (${drawn}${directions}).`;
}
