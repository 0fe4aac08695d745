// Checkpoints: everything a resume needs to go on bit-exactly, as one safetensors file that PyTorch can read too.
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { viewsOf } from "../curvature/flat";
import type { Model } from "../models";
import { decodeSafetensors, encodeSafetensors } from "../protocol/safetensors";
import type { SamplerState } from "./batches";
import { fillFrom } from "./problem";

export interface TrainingState {
  readonly step: number;
  /** Seconds of training so far. */
  readonly time: number;
  readonly initialLoss: number;
  readonly theta: Float32Array;
  /** Running statistics by name. */
  readonly buffers: ReadonlyMap<string, Float32Array>;
  /** Optimizer slots by name, each [d]. */
  readonly slots: ReadonlyMap<string, Float32Array>;
  /** Step at which the optimizer state was new: 0, or where a run branched off. */
  readonly since: number;
  readonly sampler: SamplerState | null;
  /** Probe id → vectors that make its next reading warm. */
  readonly memories: ReadonlyMap<string, readonly Float32Array[]>;
}

export const checkpointName = (step: number): string => `step-${step}.safetensors`;
const stepOf = (file: string): number => Number(/^step-(\d+)\.safetensors$/.exec(file)?.[1] ?? NaN);

/** Writes `checkpoints/step-<n>.safetensors`: complete or not at all, by rename. Returns the file's name. */
export function saveCheckpoint(folder: string, model: Model, state: TrainingState): string {
  const shapes = model.parameters.map(({ shape }) => shape);
  const named = (prefix: string, flat: Float32Array) =>
    viewsOf(flat, shapes).map(
      (data, i) => [prefix + model.parameters[i].name, { shape: shapes[i], data }] as const,
    );
  const tensors = [
    ...named("", state.theta),
    ...model.buffers.map(
      ({ name: buffer, shape }) => [buffer, { shape, data: state.buffers.get(buffer)! }] as const,
    ),
    ...[...state.slots].flatMap(([slot, flat]) => named(`optimizer.${slot}.`, flat)),
    ...[...state.memories].flatMap(([probe, vectors]) =>
      vectors.map((data, i) => [`probe.${probe}.${i}`, { shape: [data.length], data }] as const),
    ),
  ];
  const { step, time, initialLoss, since, sampler } = state;
  const bytes = encodeSafetensors(tensors, {
    basin: JSON.stringify({ step, time, initialLoss, since, sampler }),
  });
  const file = checkpointName(step);
  const partial = join(folder, `.${file}.partial`);
  writeFileSync(partial, bytes);
  renameSync(partial, join(folder, file));
  return file;
}

/** The newest checkpoint's path, or null when there is none. */
export function newestCheckpoint(folder: string): string | null {
  const steps = readdirSync(folder).map(stepOf).filter(Number.isFinite);
  return steps.length === 0 ? null : join(folder, checkpointName(Math.max(...steps)));
}

/** Reads a checkpoint. @throws UserError when the file is damaged or belongs to another model. */
export function loadCheckpoint(
  path: string,
  model: Model,
  d: number,
  slots: readonly string[],
): TrainingState {
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  const shapes = model.parameters.map(({ shape }) => shape);
  const flat = (prefix: string): Float32Array => {
    const values = new Float32Array(d);
    fillFrom(tensors, model, viewsOf(values, shapes), path, prefix);
    return values;
  };
  const rest = JSON.parse(metadata.basin) as Pick<
    TrainingState,
    "step" | "time" | "initialLoss" | "since" | "sampler"
  >;
  const memories = new Map<string, Float32Array[]>();
  for (const [key, { data }] of tensors) {
    const probe = /^probe\.(.+)\.\d+$/.exec(key)?.[1];
    if (probe) memories.set(probe, [...(memories.get(probe) ?? []), data]);
  }
  // JSON has no NaN: a checkpoint from before the first loss holds null.
  const initialLoss = (rest.initialLoss as number | null) ?? NaN;
  return {
    ...rest,
    initialLoss,
    theta: flat(""),
    buffers: new Map(
      model.buffers.flatMap(({ name: buffer }) => {
        const tensor = tensors.get(buffer);
        return tensor ? [[buffer, tensor.data] as const] : [];
      }),
    ),
    slots: new Map(slots.map((slot) => [slot, flat(`optimizer.${slot}.`)])),
    memories,
  };
}
