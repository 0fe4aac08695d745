// How events are written: numbers no longer than anyone can see, and readings that come thick and fast in columns on one line.
import type { Earlier, RunEvent } from "../protocol/events";
import type { MetricValues } from "../protocol/metrics";
import { roundDigits } from "../util/roundDigits";
import { derivable, isSeveral } from "./derive";
import { packColumn } from "./packColumns";
import { valueDigits } from "./valueDigits";

type Metrics = Extract<RunEvent, { kind: "metrics" }>;

/** An error bar, or what a reading cost, says little beyond its first digit. */
const errorDigits = 3;

/** Digits are cut, never a number's kind: NaN and infinities stay what they are. */
const rounded = (x: number, digits: number): number => (Number.isInteger(x) ? x : roundDigits(x, digits));
const roundedTime = (seconds: number): number => Math.round(seconds * 1000) / 1000;

function roundedValue(name: string, value: number | readonly number[]): number | readonly number[] {
  const digits = name.endsWith(".error") ? errorDigits : valueDigits;
  return typeof value === "number" ? rounded(value, digits) : Array.from(value, (x) => rounded(x, digits));
}

/** An event as it goes to the log. The same reading is always rounded alike, so that a resumed run writes what it wrote before. */
export function roundEvent(event: RunEvent): RunEvent {
  if (event.kind === "end" || event.kind === "heartbeat") return { ...event, time: roundedTime(event.time) };
  if (event.kind !== "metrics") return event;
  const { cost, values } = event;
  return {
    ...event,
    time: roundedTime(event.time),
    values: roundedValues(values),
    ...(cost && {
      cost: { products: rounded(cost.products, errorDigits), seconds: rounded(cost.seconds, errorDigits) },
    }),
  };
}

function roundedValues(values: MetricValues): MetricValues {
  // Name by name, without lists of pairs: a small net's run is at this as often as at its steps.
  const all: Record<string, number | readonly number[]> = {};
  for (const name in values) all[name] = roundedValue(name, values[name]);
  return all;
}

/** Of fewer readings of one kind a line each is as short, and what any script can read. */
const leastPacked = 4;

/**
 * Joins the readings of one probe into the last of them, the others as its `earlier`. Whatever is no plain reading (a first explanation of a method, a list of changing length) stays as it is.
 */
export function pack(
  events: readonly RunEvent[],
  isPlain: (event: Metrics) => boolean = () => false,
): RunEvent[] {
  const packer = new Packer(isPlain);
  for (const event of events) packer.add(event);
  return packer.take();
}

/** The same event by event: readings wait as numbers in columns, where thousands of objects would be moved about while they wait. */
export class Packer {
  private out: RunEvent[] = [];
  private flight = new Flight();

  constructor(private readonly isPlain: (event: Metrics) => boolean) {}

  add(event: RunEvent): void {
    if (event.kind === "metrics" && isPackable(event)) this.flight.add(event, this.isPlain(event));
    else if (event.kind === "checkpoint") this.flight.addCheckpoint(event);
    // Nothing is moved across a header, an end or a divergence, nor across what says how readings are taken from there on.
    else this.land(event);
  }

  /** Everything that was added since the last time. */
  take(): RunEvent[] {
    this.land();
    const { out } = this;
    this.out = [];
    return out;
  }

  private land(...behind: readonly RunEvent[]): void {
    this.out.push(...this.flight.packed(), ...behind);
    this.flight = new Flight();
  }
}

const noiseLimit = "stability.varianceLimit";
const bindingLimit = "stability.limit";

/** Of a mean-square limit alone a reader derives at once what binds, from the readings before it. */
const isPackable = ({ how, earlier, values }: Metrics): boolean =>
  !how && !earlier && (!(noiseLimit in values) || bindingLimit in values);

/** Readings in a row of which none has to stay before or behind another probe's. */
class Flight {
  /** The newest group of each kind, the one used last first. */
  private readonly groups: Group[] = [];
  private readonly lines: Group[] = [];
  /** Told behind all readings: where among them it lay says nothing that its step does not. */
  private readonly checkpoints: RunEvent[] = [];
  /** Where the first mean-square limit was read: readings beyond have another limit than those before. */
  private newLimit = Infinity;

  add(event: Metrics, isPlain: boolean): void {
    if (noiseLimit in event.values) this.newLimit = Math.min(this.newLimit, event.step);
    const i = isPlain ? -1 : this.groups.findIndex((group) => group.isOf(event));
    if (i >= 0 && this.groups[i].last.step < event.step) {
      this.groups[i].add(event);
      return;
    }
    const made = new Group(event);
    this.lines.push(made);
    if (isPlain) return;
    if (i >= 0) this.groups[i] = made;
    else this.groups.push(made);
  }

  addCheckpoint(event: RunEvent): void {
    this.checkpoints.push(event);
  }

  packed(): RunEvent[] {
    // Where both are read at a step the noise comes after the sharpness, and what binds then is what holds.
    const [late, others] = [true, false].map((isLate) =>
      this.lines.filter((group) => group.isLate === isLate),
    );
    const events = [...others, ...late].flatMap((group) => group.packed(this.newLimit));
    return [...events, ...this.checkpoints];
  }
}

/** Readings of one probe with the same metrics, lists of the same length, in the order of their steps. */
class Group {
  last: Metrics;
  readonly isLate: boolean;
  private readonly names: readonly string[];
  /** While they are too few to be packed. */
  private readonly few: Metrics[] = [];
  private readonly steps: number[] = [];
  private readonly times: number[] = [];
  /** By name, for a list one of each entry. */
  private readonly columns: readonly (readonly number[][])[];
  /** Of those before the last. */
  private readonly cost = { products: 0, seconds: 0 };

  constructor(event: Metrics) {
    this.last = event;
    this.names = Object.keys(event.values);
    this.isLate = noiseLimit in event.values;
    this.columns = this.names.map((name) => {
      const value = event.values[name];
      return Array.from({ length: typeof value === "number" ? 1 : value.length }, (): number[] => []);
    });
    this.put(event);
  }

  isOf({ probe, cost, values }: Metrics): boolean {
    const { last, names } = this;
    if (probe !== last.probe || (cost === undefined) !== (last.cost === undefined)) return false;
    let i = 0;
    for (const name in values) {
      if (name !== names[i++]) return false;
      const [own, known] = [values[name], last.values[name]];
      if (typeof own !== typeof known) return false;
      if (typeof own === "object" && own.length !== (known as readonly number[]).length) return false;
    }
    return i === names.length;
  }

  add(event: Metrics): void {
    const { cost } = this.last;
    if (cost) {
      this.cost.products += cost.products;
      this.cost.seconds += cost.seconds;
    }
    this.last = event;
    this.put(event);
  }

  private put(event: Metrics): void {
    const { names, columns } = this;
    if (this.few.length < leastPacked) this.few.push(event);
    this.steps.push(event.step);
    this.times.push(event.time);
    for (let i = 0; i < names.length; i++) {
      const value = event.values[names[i]];
      if (typeof value === "number") columns[i][0].push(value);
      else for (let k = 0; k < value.length; k++) columns[i][k].push(value[k]);
    }
  }

  /** @param newLimit  Step from which on another limit may bind. */
  packed(newLimit: number): readonly RunEvent[] {
    const { last, steps, times } = this;
    const before = steps.length - 1;
    if (steps.length < leastPacked) return this.few;
    const kept = new Set(keptNames(last.values, newLimit >= last.step));
    const values = this.names.flatMap((name, i) => (kept.has(name) ? [[name, this.column(i, before)]] : []));
    const { products, seconds } = this.cost;
    const earlier: Earlier = {
      steps: steps.slice(0, before),
      times: [times[0], times[before - 1]],
      values: Object.fromEntries(values) as Earlier["values"],
      ...(last.cost && {
        cost: { products: rounded(products, errorDigits), seconds: rounded(seconds, errorDigits) },
      }),
    };
    return [{ ...last, earlier }];
  }

  /** The first `count` values under the name at i. */
  private column(i: number, count: number): readonly (number | readonly number[])[] {
    const entries = this.columns[i];
    if (typeof this.last.values[this.names[i]] === "number") return entries[0].slice(0, count);
    return Array.from({ length: count }, (_, row) => entries.map((entry) => entry[row]));
  }
}

/** An event as it stands in the log. */
export function encodeEvent(event: RunEvent): object {
  if (event.kind !== "metrics" || !event.earlier) return event;
  const { steps, values } = event.earlier;
  const columns = Object.entries(values).map(([name, column]) => [
    name,
    packColumn(name, column, values.sharpness),
  ]);
  return {
    ...event,
    earlier: { ...event.earlier, steps: packSteps(steps), values: Object.fromEntries(columns) as object },
  };
}

/** Steps at even distances are their first, their distance and their number. */
function packSteps(steps: readonly number[]): unknown {
  const every = steps.length > 1 ? steps[1] - steps[0] : 1;
  return steps.every((step, i) => step === steps[0] + i * every)
    ? { from: steps[0], every, n: steps.length }
    : steps;
}

/** A reader derives the rest: see derive.ts. What binds is derived where one mean-square limit holds for all of them. */
function keptNames(values: MetricValues, isOneLimit: boolean): string[] {
  // Only a reading of the sharpness has what they derive from.
  const isDerived = (name: string): boolean =>
    name === bindingLimit
      ? isOneLimit && !(noiseLimit in values)
      : values.sharpness !== undefined && derivable.has(name) && !isSeveral(values[name]);
  return Object.keys(values).filter((name) => !isDerived(name));
}

/** The readings that an event holds packed, as events of their own, and the event without them. What a reader derives is still missing. */
export function unpack(event: Metrics): Metrics[] {
  const { earlier, ...own } = event;
  if (!earlier) return [event];
  const { steps, times, values } = earlier;
  const last = steps.length - 1;
  const names = Object.keys(values);
  const before = steps.map((step, i): Metrics => ({
    kind: "metrics",
    step,
    time: timeOf(times, i, last),
    values: Object.fromEntries(names.map((name) => [name, values[name][i]])),
    ...(event.probe !== undefined && { probe: event.probe }),
  }));
  return [...before, own];
}

/** Readings of one flush lie so close that their times are those of even steps between the first and the last. */
export const timeOf = ([from, to]: Earlier["times"], i: number, last: number): number =>
  last === 0 ? from : from + ((to - from) * i) / last;
