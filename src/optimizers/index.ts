// The optimizer registry: one line a kind.
import { sgd } from "./sgd";

export const optimizers = { sgd } as const;
export type { Optimizer } from "./optimizer";
