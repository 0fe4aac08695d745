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
  const out: RunEvent[] = [];
  let flight = new Flight();
  for (const event of events) {
    if (event.kind === "metrics" && isPackable(event)) {
      flight.add(event, isPlain(event));
      continue;
    }
    if (event.kind === "checkpoint") {
      flight.addCheckpoint(event);
      continue;
    }
    // Nothing is moved across a header, an end or a divergence, nor across what says how readings are taken from there on.
    out.push(...flight.packed(), event);
    flight = new Flight();
  }
  return [...out, ...flight.packed()];
}

const noiseLimit = "stability.varianceLimit";
const bindingLimit = "stability.limit";

/** Of a mean-square limit alone a reader derives at once what binds, from the readings before it. */
const isPackable = ({ how, earlier, values }: Metrics): boolean =>
  !how && !earlier && (!(noiseLimit in values) || bindingLimit in values);

/** Readings in a row of which none has to stay before or behind another probe's. */
class Flight {
  private readonly groups = new Map<string, Metrics[]>();
  private readonly lines: Metrics[][] = [];
  /** Told behind all readings: where among them it lay says nothing that its step does not. */
  private readonly checkpoints: RunEvent[] = [];
  /** Where the first mean-square limit was read: readings beyond have another limit than those before. */
  private newLimit = Infinity;

  add(event: Metrics, isPlain: boolean): void {
    if (noiseLimit in event.values) this.newLimit = Math.min(this.newLimit, event.step);
    const key = signatureOf(event);
    const group = isPlain ? undefined : this.groups.get(key);
    if (group && group[group.length - 1].step < event.step) {
      group.push(event);
      return;
    }
    const made = [event];
    this.lines.push(made);
    if (!isPlain) this.groups.set(key, made);
  }

  addCheckpoint(event: RunEvent): void {
    this.checkpoints.push(event);
  }

  packed(): RunEvent[] {
    const joined = this.lines.map((group) => (group.length < leastPacked ? group : [this.joined(group)]));
    // Where both are read at a step the noise comes after the sharpness, and what binds then is what holds.
    const isLate = (group: readonly Metrics[]): boolean => noiseLimit in group[0].values;
    return [
      ...joined.filter((group) => !isLate(group)).flat(),
      ...joined.filter(isLate).flat(),
      ...this.checkpoints,
    ];
  }

  private joined(group: readonly Metrics[]): Metrics {
    const before = group.slice(0, -1);
    const last = group[group.length - 1];
    const isOneLimit = this.newLimit >= last.step;
    const total = (of: "products" | "seconds"): number =>
      rounded(
        before.reduce((sum, { cost }) => sum + cost![of], 0),
        errorDigits,
      );
    const earlier: Earlier = {
      steps: before.map(({ step }) => step),
      times: [before[0].time, before[before.length - 1].time],
      values: Object.fromEntries(
        keptNames(last.values, isOneLimit).map((name) => [name, before.map(({ values }) => values[name])]),
      ),
      ...(last.cost && { cost: { products: total("products"), seconds: total("seconds") } }),
    };
    return { ...last, earlier };
  }
}

const signatureOf = ({ probe, values, cost }: Metrics): string =>
  `${probe ?? ""}|${cost !== undefined}|${Object.entries(values)
    .map(([name, value]) => (typeof value === "number" ? name : `${name}:${value.length}`))
    .join()}`;

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
