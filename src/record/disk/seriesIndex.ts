// The index of a long log: its series as columns in one binary file beside it, so that opening a million events is reading a few arrays.
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tagNumbers, untagNumbers } from "../../protocol/numbers";
import type { RunEvent } from "../../protocol/events";
import { Column } from "../column";
import { isStep, type Raw } from "../decode";
import { decodeEvent } from "../decodeEvent";
import { RunSeries, type LatestReading } from "../runSeries";
import { readPlainFile } from "./files";

/** Shorter logs are read faster than an index of theirs would be checked. */
const leastBytes = 2 ** 20;
/** Bytes of the log's beginning, and of what lies before the index's end, that tell whether the index is of this log. */
const probeBytes = 4096;
const largestIndex = 2 ** 30;
const magic = Buffer.from("basin events index 1\n");
/** Column data begins at a multiple of this: arrays of numbers are then views on the file's bytes. */
const alignment = 8;

export const indexName = "events.index";
const indexOf = (log: string): string => join(dirname(log), indexName);

export interface SeriesIndex {
  readonly series: RunSeries;
  /** Bytes of the log that the series holds; a line starts there. */
  readonly offset: number;
}

/** What stands before the columns' bytes. */
interface Head {
  readonly offset: number;
  readonly check: string;
  /** Each column's points; the clock's under the empty name. */
  readonly columns: readonly (readonly [name: string, length: number])[];
  readonly header: unknown;
  /** What the door of the log's events decodes. */
  readonly latest: readonly (readonly [string, Raw])[];
  readonly methods: readonly (readonly [string, unknown])[];
  readonly notes: readonly Raw[];
  readonly checkpoints: readonly unknown[];
  readonly step: number;
  readonly time: number;
  readonly rewinds: number;
  readonly diverged: unknown;
  readonly ended: unknown;
}

/**
 * Writes the index of a long log, off this thread: the disk may be slow, and an editor waits for nothing. What cannot be written is
 * no loss: it is an index.
 */
export async function saveIndex(log: string, series: RunSeries, offset: number): Promise<void> {
  const path = indexOf(log);
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    if (offset < leastBytes) return;
    const check = checkOf(log, offset);
    if (check === null) return;
    const columns: [string, Column][] = [["", series.clock], ...series.columns];
    const versions = columns.map(([, { version }]) => version);
    const parts = columns.flatMap(([, { steps, values }]) => [bytesOf(steps), bytesOf(values)]);
    const bytes = [headOf(series, { offset, check, columns }), ...parts];
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx");
    try {
      for (const part of bytes) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    // A resume may have taken points back meanwhile.
    if (columns.some(([, { version }], i) => version !== versions[i])) throw new Error("changed");
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

interface HeadParts extends Pick<Head, "offset" | "check"> {
  readonly columns: readonly (readonly [string, Column])[];
}

/** Everything before the columns' bytes. */
function headOf(series: RunSeries, { offset, check, columns }: HeadParts): Buffer {
  const { header, latest, methods, notes, checkpoints, step, time, rewinds, diverged, ended } = series;
  const head = {
    offset,
    check,
    columns: columns.map(([name, { length }]) => [name, length]),
    header,
    latest: [...latest],
    methods: [...methods],
    notes,
    checkpoints,
    step,
    time,
    rewinds,
    diverged,
    ended,
  };
  const text = Buffer.from(JSON.stringify(tagNumbers(head)));
  const start = Math.ceil((magic.length + 4 + text.length) / alignment) * alignment;
  const bytes = Buffer.alloc(start);
  magic.copy(bytes);
  bytes.writeUInt32LE(text.length, magic.length);
  text.copy(bytes, magic.length + 4);
  return bytes;
}

/** The index beside a log, or null where there is none, it is of another log or log's state, or it is damaged. */
export function loadIndex(log: string): SeriesIndex | null {
  try {
    const bytes = readPlainFile(indexOf(log), largestIndex);
    return bytes && decode(bytes, log);
  } catch {
    return null;
  }
}

function decode(bytes: Buffer, log: string): SeriesIndex | null {
  if (!bytes.subarray(0, magic.length).equals(magic)) return null;
  const size = bytes.readUInt32LE(magic.length);
  const text = bytes.toString("utf8", magic.length + 4, magic.length + 4 + size);
  const head = untagNumbers(JSON.parse(text)) as Head;
  if (head.check !== checkOf(log, head.offset)) return null;
  if (![head.step, head.rewinds].every(isStep) || typeof head.time !== "number") return null;
  let at = Math.ceil((magic.length + 4 + size) / alignment) * alignment;
  const numbers = (length: number): Float64Array => {
    const own = bytes.subarray(at, at + 8 * length);
    if (own.length !== 8 * length) throw new RangeError("cut short");
    at += own.length;
    return new Float64Array(own.buffer.slice(own.byteOffset, own.byteOffset + own.length));
  };
  const series = new RunSeries();
  for (const [name, length] of head.columns) {
    const [steps, values] = [numbers(length), numbers(length)];
    if (typeof name !== "string" || !steps.every((step, i) => isStep(step) && !(step <= steps[i - 1])))
      throw new TypeError("no column");
    if (name === "") series.clock.replace(0, steps, values);
    else series.columns.set(name, Column.of(steps, values));
  }
  // The header comes back through the door by which it came.
  const header = decodeEvent(head.header);
  if (header?.kind === "header") series.header = header;
  const ended = decodeEvent(head.ended);
  if (ended?.kind === "end") series.ended = ended;
  const diverged = decodeEvent({ kind: "diverged", ...(head.diverged as object) });
  if (diverged?.kind === "diverged") series.diverged = { step: diverged.step, what: diverged.what };
  for (const [name, reading] of head.latest) series.latest.set(name, readingOf(name, reading));
  const { how = {} } = metricsOf({ how: Object.fromEntries(head.methods) });
  for (const [name, method] of Object.entries(how)) series.methods.set(name, method);
  for (const note of head.notes) {
    const event = decodeEvent({ kind: "note", ...note });
    if (event?.kind === "note") series.notes.push({ step: event.step, message: event.message });
  }
  series.checkpoints.push(...head.checkpoints.filter(isStep));
  const { step, time, rewinds } = head;
  return { series: Object.assign(series, { step, time, rewinds }), offset: head.offset };
}

/** Through the door of the readings it was made of. @throws TypeError where it is none. */
function readingOf(name: string, { value, error, step, time, probe, cost, how, method }: Raw): LatestReading {
  const values = { [name]: value, ...(error !== undefined && { [`${name}.error`]: error }) };
  const event = metricsOf({ values, step, time, probe, cost, how: { [name]: { how, method } } });
  if (typeof name !== "string" || !Object.hasOwn(event.values, name)) throw new TypeError("no reading");
  return {
    value: event.values[name],
    step: event.step,
    time: event.time,
    probe: event.probe,
    cost: event.cost,
    error: event.values[`${name}.error`],
    how: event.how?.[name]?.how,
    method: event.how?.[name]?.method,
  };
}

function metricsOf(raw: Raw): Extract<RunEvent, { kind: "metrics" }> {
  const event = decodeEvent({ step: 0, values: {}, ...raw, kind: "metrics" });
  if (event?.kind !== "metrics") throw new TypeError("no reading");
  return event;
}

/** A digest of the log's first bytes and of those before `offset`; null where the log is shorter or no line starts there. */
function checkOf(log: string, offset: number): string | null {
  const fd = openSync(log, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || !(offset > 0) || stat.size < offset) return null;
    const length = Math.min(probeBytes, offset);
    const bytes = Buffer.alloc(2 * length);
    if (readSync(fd, bytes, 0, length, 0) < length) return null;
    if (readSync(fd, bytes, length, length, offset - length) < length) return null;
    if (bytes[bytes.length - 1] !== 10) return null;
    return createHash("sha256").update(bytes).update(String(offset)).digest("hex");
  } finally {
    closeSync(fd);
  }
}
