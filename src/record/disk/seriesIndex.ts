// The index of a long log: its series as columns in one binary file beside it, first a small picture of each, so that opening a million
// events is reading the pictures, and then a column at a time.
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tagNumbers, untagNumbers } from "../../protocol/numbers";
import type { Measured, RunEvent } from "../../protocol/events";
import { Column } from "../column";
import { isStep, type Raw } from "../decode";
import { decodeEvent } from "../decodeEvent";
import { RunSeries, type LatestReading } from "../runSeries";
import { pictureOf, type SeriesPicture } from "../transfer";

/** Shorter logs are read faster than an index of theirs would be checked. */
const leastBytes = 2 ** 20;
/** Bytes of the log's beginning, and of what lies before the index's end, that tell whether the index is of this log. */
const probeBytes = 4096;
const largestHead = 2 ** 26;
const magic = Buffer.from("basin events index 3\n");
/** Column data begins at a multiple of this: arrays of numbers are then views on the file's bytes. */
const alignment = 8;

export const indexName = "events.index";
const indexOf = (log: string): string => join(dirname(log), indexName);

export interface SeriesIndex {
  /** Everything but the curves, which `readColumn` adds. */
  readonly series: RunSeries;
  /** Bytes of the log that the series holds; a line starts there. */
  readonly offset: number;
  /** The curves as they look over the whole run. */
  readonly picture: SeriesPicture;
  /** Reads the next curve into the series, a few milliseconds a million bytes. @returns false when all are there. @throws Error where it is damaged. */
  readonly readColumn: () => boolean;
}

/** By metric; decoded before use. */
type Methods = readonly (readonly [metric: string, method: unknown])[];

/** What stands before the columns' bytes: the pictures of all, then all of them. */
interface Head {
  readonly offset: number;
  readonly check: string;
  /** Each column's points and its picture's; the clock's under the empty name. */
  readonly columns: readonly (readonly [name: string, length: number, pictured: number])[];
  readonly header: unknown;
  /** What the door of the log's events decodes. */
  readonly latest: readonly (readonly [string, Raw])[];
  readonly methods: Methods;
  readonly methodsOf: readonly (readonly [probe: string, own: Methods])[];
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
    const { clock, columns: pictured } = pictureOf(series);
    const pictures = [clock, ...pictured];
    const parts = [...pictures, ...columns.map(([, column]) => column)];
    const bytes = [
      headOf(series, {
        offset,
        check,
        columns: columns.map(([name, { length }], i) => [name, length, pictures[i].steps.length]),
      }),
      ...parts.flatMap(({ steps, values }) => [bytesOf(steps), bytesOf(values)]),
    ];
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

/** Everything before the columns' bytes. */
function headOf(series: RunSeries, parts: Pick<Head, "offset" | "check" | "columns">): Buffer {
  const { header, latest, methods, methodsOf, notes, checkpoints, step, time, rewinds, diverged, ended } =
    series;
  const head = {
    ...parts,
    header,
    latest: [...latest],
    methods: [...methods],
    methodsOf: [...methodsOf].map(([probe, own]) => [probe, [...own]]),
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

/** The index beside a log, or null where there is none, it is of another log or log's state, or its head or pictures are damaged. */
export function openIndex(log: string): SeriesIndex | null {
  try {
    return decode(log);
  } catch {
    return null;
  }
}

/** The whole index beside a log, or null as `openIndex`. */
export function loadIndex(log: string): SeriesIndex | null {
  const index = openIndex(log);
  try {
    while (index?.readColumn());
    return index;
  } catch {
    return null;
  }
}

/** Opens a plain file, and only that, for one use. @throws Error where it is a link, a device or not there. */
function withPlainFile<T>(path: string, use: (fd: number, stat: Stats) => T): T {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error("is no plain file");
    return use(fd, stat);
  } finally {
    closeSync(fd);
  }
}

/** `length` bytes from `at` on. @throws RangeError where the file is shorter. */
function bytesAt(fd: number, stat: Stats, at: number, length: number): Buffer {
  if (!(length >= 0 && at + length <= stat.size)) throw new RangeError("cut short");
  // Of its own memory, so that arrays of numbers are views on it.
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let got = 0, read = -1; read !== 0 && got < length; got += read)
    read = readSync(fd, bytes, got, length - got, at + got);
  return bytes;
}

/** Points that ascend, as they lie in the file: steps, then values. @throws TypeError where they are none. */
function pointsIn(bytes: Buffer, length: number): { steps: Float64Array; values: Float64Array } {
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, 2 * length);
  const [steps, values] = [numbers.subarray(0, length), numbers.subarray(length)];
  for (let i = 0; i < length; i++)
    if (!isStep(steps[i]) || steps[i] <= steps[i - 1]) throw new TypeError("no column");
  return { steps, values };
}

const bytesOfPoints = (length: number): number => 16 * length;

function decode(log: string): SeriesIndex | null {
  const path = indexOf(log);
  const { head, pictures, end, file } = withPlainFile(path, (fd, stat) => {
    const front = bytesAt(fd, stat, 0, magic.length + 4);
    if (!front.subarray(0, magic.length).equals(magic)) throw new TypeError("no index");
    const size = front.readUInt32LE(magic.length);
    if (size > largestHead) throw new RangeError("no head");
    const head = untagNumbers(JSON.parse(bytesAt(fd, stat, front.length, size).toString("utf8"))) as Head;
    let at = Math.ceil((front.length + size) / alignment) * alignment;
    const pictures = head.columns.map(([name, length, pictured]) => {
      if (typeof name !== "string" || !isStep(length) || !isStep(pictured)) throw new TypeError("no column");
      const points = pointsIn(bytesAt(fd, stat, at, bytesOfPoints(pictured)), pictured);
      at += bytesOfPoints(pictured);
      return { name, from: 0, ...points };
    });
    return { head, pictures, end: at, file: stat.ino };
  });
  if (head.check !== checkOf(log, head.offset)) return null;
  const clock = pictures.find(({ name }) => name === "");
  if (!clock) return null;
  const series = stateIn(head);
  let [next, at] = [0, end];
  const readColumn = (): boolean => {
    if (next === head.columns.length) return false;
    const [name, length] = head.columns[next];
    const { steps, values } = withPlainFile(path, (fd, stat) => {
      if (stat.ino !== file) throw new Error("is another one by now");
      return pointsIn(bytesAt(fd, stat, at, bytesOfPoints(length)), length);
    });
    if (name === "") series.clock.replace(0, steps, values);
    else series.columns.set(name, Column.of(steps, values));
    at += bytesOfPoints(length);
    return ++next < head.columns.length;
  };
  return {
    series,
    offset: head.offset,
    picture: { clock, columns: pictures.filter((piece) => piece !== clock) },
    readColumn,
  };
}

/** The series without its curves. @throws where the head holds what a log does not. */
function stateIn(head: Head): RunSeries {
  const { step, time, rewinds } = head;
  if (![step, rewinds].every(isStep) || typeof time !== "number") throw new TypeError("no series");
  const series = new RunSeries();
  // The header comes back through the door by which it came.
  const header = decodeEvent(head.header);
  if (header?.kind === "header") series.header = header;
  const ended = decodeEvent(head.ended);
  if (ended?.kind === "end") series.ended = ended;
  const diverged = decodeEvent({ kind: "diverged", ...(head.diverged as object) });
  if (diverged?.kind === "diverged") series.diverged = { step: diverged.step, what: diverged.what };
  for (const [name, reading] of head.latest) series.latest.set(name, readingOf(name, reading));
  for (const [name, method] of methodsIn(head.methods)) series.methods.set(name, method);
  for (const [probe, own] of head.methodsOf) series.methodsOf.set(String(probe), new Map(methodsIn(own)));
  for (const note of head.notes) {
    const event = decodeEvent({ kind: "note", ...note });
    if (event?.kind === "note") series.notes.push({ step: event.step, message: event.message });
  }
  series.checkpoints.push(...head.checkpoints.filter(isStep));
  return Object.assign(series, { step, time, rewinds });
}

const methodsIn = (methods: Methods): [string, Measured][] =>
  Object.entries(metricsOf({ how: Object.fromEntries(methods) }).how ?? {});

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
  return withPlainFile(log, (fd, stat) => {
    if (!(offset > 0) || stat.size < offset) return null;
    const length = Math.min(probeBytes, offset);
    const ends = [bytesAt(fd, stat, 0, length), bytesAt(fd, stat, offset - length, length)];
    if (ends[1][length - 1] !== 10) return null;
    const hash = createHash("sha256");
    for (const bytes of ends) hash.update(bytes);
    return hash.update(String(offset)).digest("hex");
  });
}
