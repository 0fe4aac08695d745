// The optimizer registry: one line a kind.
import type { OptimizerSpec } from "../protocol/experiment";
import { adam } from "./adam";
import { adamw } from "./adamw";
import type { Optimizer } from "./optimizer";
import { rmsprop } from "./rmsprop";
import { sgd } from "./sgd";

export const optimizers = { sgd, rmsprop, adam, adamw } as const satisfies {
  readonly [Kind in OptimizerSpec["kind"]]: Optimizer<Extract<OptimizerSpec, { readonly kind: Kind }>>;
};

/** The record of an optimizer; its functions are to be given specs of that kind only. */
export const optimizerOf = ({ kind }: OptimizerSpec): Optimizer => optimizers[kind];

export { clipNorm } from "./clip";
export { learningRateAt, schedules } from "./schedule";
export { optimizerDefinitions } from "./shared";
export type { Optimizer } from "./optimizer";
