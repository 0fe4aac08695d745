// The model registry: one line a kind.
import type { ModelSpec } from "../protocol/experiment";
import { mlp } from "./mlp";
import type { Model } from "./model";

export const models = { mlp } as const satisfies Record<ModelSpec["kind"], unknown>;

/** Builds the model of an experiment for data with `inputs` features and `outputs` targets. */
export const buildModel = (spec: ModelSpec, inputs: number, outputs: number): Model =>
  models[spec.kind](spec, inputs, outputs);

export { initialize, type BuiltModel, type DenseTap, type Model, type ParameterInfo } from "./model";
