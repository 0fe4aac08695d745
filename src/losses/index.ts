// The loss registry: one line a loss.
import type { LossKind } from "../protocol/experiment";
import { crossEntropy } from "./crossEntropy";
import type { Loss } from "./loss";
import { mse, squaredError } from "./squares";

/** In the order they are suggested; the first is the default. */
const all = [mse, squaredError, crossEntropy] as const;

export const losses = Object.fromEntries(all.map((loss) => [loss.kind, loss])) as Record<LossKind, Loss>;

export type { Loss } from "./loss";
