// What stands in a checkpoint beside its tensors: one JSON text, and a checksum over that text and every tensor.
import { createHash } from "node:crypto";
import type { LimitValues } from "../../measure/limits";
import { fileError, type UserError } from "../../protocol/errors";
import type { RunEvent } from "../../protocol/events";
import { decodeNum, type Num } from "../../protocol/numbers";
import type { Tensor } from "../../protocol/safetensors";
import { isNum, isRaw, isStep, type Raw } from "../../record/decode";
import { decodeEvent } from "../../record/decodeEvent";
import type { RngState } from "../../util/rng";
import type { SamplerState } from "../../util/batchSampler";

export interface Metadata {
  readonly step: number;
  readonly time: number;
  /** Checkpoints of earlier versions hold null where there was no loss yet. */
  readonly initialLoss: number;
  readonly loss: number;
  readonly since: number;
  readonly sampler: SamplerState | null;
  readonly limits: LimitValues;
  readonly readings: readonly RunEvent[];
  /** Probe id → state of its random generator. */
  readonly generators: Readonly<Record<string, RngState>>;
}

export const damaged = (path: string, message: string): UserError =>
  fileError(path, message, "Remove the file to go on from an earlier checkpoint.");

/** SHA-256, in hex, over a checkpoint's text and its tensors in the order of their names. One pass over the bytes. */
export function checksumOf(text: string, tensors: Iterable<readonly [string, Tensor]>): string {
  const hash = createHash("sha256").update(text);
  for (const [name, { shape, data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash
      .update(`\n${name} ${shape.join()}\n`)
      .update(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex");
}

/** @throws UserError when the text is none that a checkpoint holds. */
export function decodeMetadata(text: string | undefined, path: string): Metadata {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    throw damaged(path, "is no checkpoint of Basin's");
  }
  const raw = isRaw(value) ? value : {};
  const { step, since, time, initialLoss, loss, sampler } = raw;
  const [limits, generators] = [raw.limits ?? {}, raw.generators ?? {}];
  const right =
    isStep(step) &&
    isStep(since) &&
    since <= step &&
    isNum(time) &&
    (initialLoss === null || isNum(initialLoss)) &&
    (sampler === null || isSampler(sampler)) &&
    isRaw(limits) &&
    Object.values(limits).every(isNum) &&
    isRaw(generators) &&
    Object.values(generators).every(isRngState);
  if (!right) throw damaged(path, "is no checkpoint of Basin's");
  return {
    step,
    since,
    time: decodeNum(time),
    initialLoss: decodeNum(initialLoss),
    // Checkpoints of earlier versions do not hold it.
    loss: isNum(loss) ? decodeNum(loss) : NaN,
    sampler,
    limits: limitsOf(limits),
    readings: (Array.isArray(raw.readings) ? raw.readings : []).flatMap((event) => decodeEvent(event) ?? []),
    generators: generators as Readonly<Record<string, RngState>>,
  };
}

const limitsOf = (limits: Raw): LimitValues =>
  Object.fromEntries(Object.entries(limits).map(([kind, value]) => [kind, decodeNum(value as Num)]));

const isSampler = (value: unknown): value is SamplerState =>
  isRaw(value) && isStep(value.taken) && isRngState(value.epoch);

/** Four words, not all of them zero: the generator never leaves that state. */
const isRngState = (value: unknown): value is RngState =>
  Array.isArray(value) &&
  value.length === 4 &&
  value.every((word) => Number.isSafeInteger(word) && word >= 0 && word < 2 ** 32) &&
  value.some((word) => word !== 0);
