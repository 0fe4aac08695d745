// The loss registry: one line a loss.
import type { LossKind } from "../protocol/experiment";
import { crossEntropy } from "./crossEntropy";
import type { Loss } from "./loss";
import { mse, squaredError } from "./squares";

export const losses = {
  mse,
  "squared-error": squaredError,
  "cross-entropy": crossEntropy,
} as const satisfies Record<LossKind, Loss>;

export type { Loss } from "./loss";
