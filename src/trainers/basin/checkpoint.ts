// Checkpoints: everything a resume needs to go on bit-exactly, as one safetensors file that PyTorch can read too.
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { viewsOf } from "../../curvature/flat";
import { isCourse } from "../../measure/course";
import type { LimitValues } from "../../measure/limits";
import type { NamedTensors, SavedMemory } from "../../measure/memory";
import type { Model } from "../../models";
import { UserError } from "../../protocol/errors";
import type { RunEvent } from "../../protocol/events";
import { stringify } from "../../protocol/numbers";
import { decodeSafetensors, encodeSafetensors } from "../../protocol/safetensors";
import { readPlainFile, writeAtomic } from "../../record/disk/files";
import type { SamplerState } from "../../util/batchSampler";
import { checksumOf, damaged, decodeMetadata } from "./checkpointMetadata";
import { fillFrom } from "./namedParameters";

/** Where training stands. */
export interface TrainingState {
  readonly step: number;
  /** Seconds of training so far. */
  readonly time: number;
  readonly initialLoss: number;
  /** The training loss last known: batches tell it only once an epoch. */
  readonly loss: number;
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
    // A tensor without values is one that some readers refuse.
    ...[...state.course]
      .filter(([, data]) => data.length > 0)
      .map(([name, data]) => [`course.${name}`, { shape: [data.length], data }] as const),
  ];
  const { step, time, initialLoss, loss, since, sampler, limits, readings } = state;
  const generators = Object.fromEntries([...state.memories].map(([probe, { rng }]) => [probe, rng]));
  const basin = stringify({
    step,
    time,
    initialLoss,
    loss,
    since,
    sampler,
    limits,
    readings,
    generators,
  });
  const file = checkpointName(step);
  const metadata = { basin, sha256: checksumOf(basin, tensors) };
  writeAtomic(join(folder, file), encodeSafetensors(tensors, metadata));
  return file;
}

/** Whether a folder holds any checkpoint, good or not. */
export const hasCheckpoint = (folder: string): boolean => stepsIn(folder).length > 0;

/** Steps with a checkpoint, newest first. */
export function stepsIn(folder: string): number[] {
  const steps = readdirSync(folder).map(stepOf).filter(Number.isFinite);
  return steps.sort((a, b) => b - a);
}

type Shapes = { readonly model: Model; readonly d: number };

/**
 * The newest checkpoint that is whole, or null when there is none at all. Damaged ones are passed over.
 *
 * @param onDamage  Told of each one passed over, in words.
 * @throws UserError about the newest when none is whole.
 */
export function loadNewest(
  folder: string,
  problem: Shapes,
  slots: readonly string[],
  onDamage: (message: string) => void,
): Checkpoint | null {
  let first: UserError | null = null;
  for (const step of stepsIn(folder)) {
    try {
      return loadCheckpoint(join(folder, checkpointName(step)), problem, slots);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error;
      onDamage(`${checkpointName(step)} ${error.problems[0].message}`);
    }
  }
  if (first) throw first;
  return null;
}

/** The largest file that Node reads in one piece on every version. */
const largestCheckpoint = 2 ** 32 - 1;

function bytesOf(path: string): Buffer {
  let bytes: Buffer | null;
  try {
    bytes = readPlainFile(path, largestCheckpoint);
  } catch (error) {
    throw damaged(path, (error as Error).message);
  }
  if (bytes === null) throw damaged(path, "is not there");
  return bytes;
}

/**
 * Reads a checkpoint.
 *
 * @throws UserError when the file is damaged, holds parameters that are no numbers, or belongs to another model.
 */
export function loadCheckpoint(path: string, { model, d }: Shapes, slots: readonly string[]): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytesOf(path), path);
  // Checkpoints of earlier versions have no checksum.
  if (metadata.sha256 !== undefined && metadata.sha256 !== checksumOf(metadata.basin ?? "", tensors))
    throw damaged(path, "is damaged: its checksum is another");
  const { generators, ...rest } = decodeMetadata(metadata.basin, path);
  if (stepOf(basename(path)) !== rest.step) throw damaged(path, `is of step ${rest.step}, not of its name's`);
  const shapes = model.parameters.map(({ shape }) => shape);
  const flat = (prefix: string): Float32Array => {
    const values = new Float32Array(d);
    fillFrom(tensors, model, viewsOf(values, shapes), { path, prefix });
    const i = values.findIndex((value) => !Number.isFinite(value));
    if (i >= 0) throw damaged(path, `holds ${values[i]} among its ${prefix || "parameters"}`);
    return values;
  };
  const under = (prefix: string): Map<string, Float32Array> =>
    new Map(
      [...tensors].flatMap(([key, { data }]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), data] as const] : [],
      ),
    );
  const memories = new Map(
    Object.entries(generators).map(([probe, rng]): [string, SavedMemory] => [
      probe,
      { rng, tensors: under(`probe.${probe}.`) },
    ]),
  );
  const course = under("course.");
  if (!isCourse(course)) throw damaged(path, "holds a course whose columns differ in length");
  return {
    ...rest,
    theta: flat(""),
    buffers: new Map(
      model.buffers.flatMap(({ name: buffer }) => {
        const tensor = tensors.get(buffer);
        return tensor ? [[buffer, tensor.data] as const] : [];
      }),
    ),
    slots: new Map(slots.map((slot) => [slot, flat(`optimizer.${slot}.`)])),
    memories,
    course,
  };
}
