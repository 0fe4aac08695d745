// An optimizer in a few words, the same on every surface: kind and what differs from the plainest form.
import type { OptimizerSpec } from "./experiment";

/** E.g. "adam, β₁ 0.9, β₂ 0.999, weight decay 0.01, cosine schedule"; learning rate and batch size are shown apart. */
export function describeOptimizer(spec: OptimizerSpec): string {
  const { schedule, clip, weightDecay } = spec;
  const parts: string[] = [spec.kind];
  switch (spec.kind) {
    case "sgd":
      if (spec.momentum) parts.push(`${spec.nesterov ? "Nesterov" : "momentum"} ${spec.momentum}`);
      break;
    case "rmsprop":
      parts.push(`α ${spec.alpha}`, ...(spec.momentum ? [`momentum ${spec.momentum}`] : []));
      break;
    case "adam":
    case "adamw":
      parts.push(`β₁ ${spec.beta1}`, `β₂ ${spec.beta2}`);
  }
  if (weightDecay) parts.push(`weight decay ${weightDecay}`);
  if (schedule && schedule.kind !== "constant") parts.push(`${schedule.kind} schedule`);
  if (schedule?.warmup) parts.push(`warm-up ${schedule.warmup}`);
  if (clip !== undefined) parts.push(`clipped at ${clip}`);
  return parts.join(", ");
}
