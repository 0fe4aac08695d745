// The model registry: one line a kind. Every model is a list of layers.
import type { BuiltinSpec, ModelSpec } from "../protocol/experiment";
import { cnn } from "./cnn";
import { deepLinear } from "./deepLinear";
import type { ModelKind } from "./define";
import { listed } from "./listed";
import { mlp } from "./mlp";
import type { Model } from "./model";
import { importOnnx } from "./onnx";
import { externalFiles } from "./onnx/file";
import { resnet } from "./resnet";
import { sequential } from "./sequential";
import { transformer } from "./transformer";
import { twoMinima } from "./twoMinima";

type Kind = BuiltinSpec["kind"];

export const models = [mlp, deepLinear, cnn, resnet, transformer, listed, twoMinima] as const;

/**
 * Builds the model of an experiment for examples of `inputShape` and `outputs` targets.
 * @throws UserError where its layers do not fit the data or one another.
 */
export function buildModel(spec: BuiltinSpec, inputShape: readonly number[], outputs: number): Model {
  // Entry and settings are of one kind, which the types of a list cannot say.
  const entry = models.find(({ kind }) => kind === spec.kind) as unknown as ModelKind<Kind>;
  const size = inputShape.reduce((a, b) => a * b, 1);
  return sequential(entry.layers(spec, outputs), entry.flat ? [size] : inputShape, outputs);
}

/** A name in the folder of a file. */
const besides = (file: string, name: string): string => file.replace(/[^/\\]*$/, "") + name;

/**
 * As `buildModel`, for any model of an experiment; `readBytes` reads a file named as in it, and refuses one whose real place is not
 * inside `folder` where that is given.
 */
export async function loadModel(
  spec: ModelSpec,
  inputShape: readonly number[],
  outputs: number,
  readBytes: (path: string, folder?: string) => Promise<Uint8Array>,
): Promise<Model> {
  if (spec.kind !== undefined) return buildModel(spec, inputShape, outputs);
  const bytes = await readBytes(spec.onnx);
  const external = new Map<string, Uint8Array>();
  for (const name of externalFiles(bytes, spec.onnx))
    external.set(name, await readBytes(besides(spec.onnx, name), besides(spec.onnx, ".")));
  return importOnnx({ bytes, file: spec.onnx, external }, inputShape, outputs, spec);
}

export { initialize } from "./initialize";
export { layers } from "./layers";
export { takeWeights } from "./weights";
export { modelDefinitions } from "./shared";
export { onnxSpec } from "./onnxSpec";
export { activations } from "./activations";
export type { Model } from "./model";
