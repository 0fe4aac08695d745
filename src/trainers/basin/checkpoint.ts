// Checkpoints: everything a resume needs to go on bit-exactly, as one safetensors file that PyTorch can read too.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { viewsOf } from "../../curvature/flat";
import type { LimitValues } from "../../measure/limits";
import type { NamedTensors, SavedMemory } from "../../measure/memory";
import type { Model } from "../../models";
import { fileError } from "../../protocol/errors";
import type { RunEvent } from "../../protocol/events";
import { decodeNum, stringify, type Num } from "../../protocol/numbers";
import { decodeSafetensors, encodeSafetensors } from "../../protocol/safetensors";
import { decodeEvent } from "../../record/decodeEvent";
import { writeAtomic } from "../../record/disk/files";
import type { RngState } from "../../util/rng";
import type { SamplerState } from "./batches";
import { fillFrom } from "./namedParameters";

/** Where training stands. */
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
}

/** Where its measurements stand. */
export interface MeasuringState {
  /** Probe id → what it remembers. */
  readonly memories: ReadonlyMap<string, SavedMemory>;
  readonly limits: LimitValues;
  /** Readings of η/limit so far, column by column. */
  readonly course: NamedTensors;
  /** Readings that were taken at this very step: a resume writes them again and does not take them again. */
  readonly readings: readonly RunEvent[];
}

export interface Checkpoint extends TrainingState, MeasuringState {}

/** What stands in the file's metadata, in one JSON text. */
interface Metadata extends Omit<TrainingState, "theta" | "buffers" | "slots" | "initialLoss"> {
  /** Checkpoints of earlier versions hold null where there was no loss yet. */
  readonly initialLoss: Num | null;
  readonly limits?: Readonly<Record<string, Num>>;
  readonly readings?: readonly unknown[];
  /** Probe id → state of its random generator. */
  readonly generators?: Readonly<Record<string, RngState>>;
}

export const checkpointName = (step: number): string => `step-${step}.safetensors`;
const stepOf = (file: string): number => Number(/^step-(\d+)\.safetensors$/.exec(file)?.[1] ?? NaN);

/** Writes `checkpoints/step-<n>.safetensors`: complete or not at all. Returns the file's name. @throws the system's error. */
export function saveCheckpoint(folder: string, model: Model, state: Checkpoint): string {
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
    ...[...state.memories].flatMap(([probe, memory]) =>
      [...memory.tensors].map(
        ([name, data]) => [`probe.${probe}.${name}`, { shape: [data.length], data }] as const,
      ),
    ),
    ...[...state.course].map(([name, data]) => [`course.${name}`, { shape: [data.length], data }] as const),
  ];
  const { step, time, initialLoss, since, sampler, limits, readings } = state;
  const generators = Object.fromEntries([...state.memories].map(([probe, { rng }]) => [probe, rng]));
  const metadata = { step, time, initialLoss, since, sampler, limits, readings, generators };
  const file = checkpointName(step);
  writeAtomic(join(folder, file), encodeSafetensors(tensors, { basin: stringify(metadata) }));
  return file;
}

/** The newest checkpoint's path, or null when there is none. */
export function newestCheckpoint(folder: string): string | null {
  const steps = readdirSync(folder).map(stepOf).filter(Number.isFinite);
  return steps.length === 0 ? null : join(folder, checkpointName(Math.max(...steps)));
}

/** The metadata of a checkpoint. @throws UserError when it is none of Basin's. */
function metadataOf(text: string | undefined, path: string): Metadata {
  const hint = "Expected a checkpoint that `basin run` wrote; remove the file to go on from an earlier one.";
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    throw fileError(path, "is no checkpoint of Basin's", hint);
  }
  const { step, since, time } = (value ?? {}) as Partial<Record<string, unknown>>;
  if (!Number.isSafeInteger(step) || !Number.isSafeInteger(since) || typeof time !== "number")
    throw fileError(path, "is no checkpoint of Basin's", hint);
  return value as Metadata;
}

/** Reads a checkpoint. @throws UserError when the file is damaged or belongs to another model. */
export function loadCheckpoint(
  path: string,
  { model, d }: { readonly model: Model; readonly d: number },
  slots: readonly string[],
): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  const shapes = model.parameters.map(({ shape }) => shape);
  const flat = (prefix: string): Float32Array => {
    const values = new Float32Array(d);
    fillFrom(tensors, model, viewsOf(values, shapes), { path, prefix });
    return values;
  };
  const under = (prefix: string): Map<string, Float32Array> =>
    new Map(
      [...tensors].flatMap(([key, { data }]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), data] as const] : [],
      ),
    );
  const { generators = {}, limits = {}, readings = [], ...rest } = metadataOf(metadata.basin, path);
  const memories = new Map(
    Object.entries(generators).map(([probe, rng]): [string, SavedMemory] => {
      return [probe, { rng, tensors: under(`probe.${probe}.`) }];
    }),
  );
  return {
    ...rest,
    limits: Object.fromEntries(Object.entries(limits).map(([kind, value]) => [kind, decodeNum(value)])),
    readings: readings.flatMap((event) => decodeEvent(event) ?? []),
    initialLoss: decodeNum(rest.initialLoss),
    theta: flat(""),
    buffers: new Map(
      model.buffers.flatMap(({ name: buffer }) => {
        const tensor = tensors.get(buffer);
        return tensor ? [[buffer, tensor.data] as const] : [];
      }),
    ),
    slots: new Map(slots.map((slot) => [slot, flat(`optimizer.${slot}.`)])),
    memories,
    course: under("course."),
  };
}
