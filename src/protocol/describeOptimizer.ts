// An optimizer in a few words, the same on every surface: kind and what differs from the plainest form.
import type { OptimizerSpec } from "./experiment";
import { optimizerFacts, wordsThatHold } from "./kinds";

/** E.g. "adam, β₁ 0.9, β₂ 0.999, weight decay 0.01, cosine schedule"; learning rate and batch size are shown apart. */
export function describeOptimizer(spec: OptimizerSpec): string {
  const { schedule, clip, weightDecay } = spec;
  const parts: string[] = [spec.kind, ...wordsThatHold(optimizerFacts(spec).words, { part: spec })];
  if (weightDecay) parts.push(`weight decay ${weightDecay}`);
  if (schedule && schedule.kind !== "constant") parts.push(`${schedule.kind} schedule`);
  if (schedule?.warmup) parts.push(`warm-up ${schedule.warmup}`);
  if (clip !== undefined) parts.push(`clipped at ${clip}`);
  return parts.join(", ");
}

/** The full-batch threshold of an optimizer in letters, with its source. */
export const sharpnessLimitFormula = (spec: OptimizerSpec): string =>
  wordsThatHold(optimizerFacts(spec).limit, { part: spec })[0] ?? "its optimizer's own";
