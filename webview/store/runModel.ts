// One run as columns: a snapshot builds it, deltas extend it, charts and numbers read it. Pure; no DOM.
import type { RunEvent } from "../../src/protocol/events";
import type { MetricName } from "../../src/protocol/metrics";
import { decodeNum, type Num } from "../../src/protocol/numbers";
import type { RunSnapshot } from "../../src/protocol/panel";
import type { RunInfo, RunStatus } from "../../src/protocol/runFolder";
import type { Verdict } from "../../src/types/verdict";

/** One metric over time; steps ascend. */
export interface Column {
  readonly steps: number[];
  readonly values: number[];
}

/** Where, by what and at what cost something was measured. */
export interface Measured {
  readonly step: number;
  readonly time: number;
  readonly probe?: string;
  readonly products?: number;
  readonly seconds?: number;
}

/** A metric's latest value. */
export interface Reading extends Measured {
  readonly value: number;
}

/** The latest value of a metric that is a list. */
export interface ListReading extends Measured {
  readonly values: readonly number[];
}

type Header = Extract<RunEvent, { kind: "header" }>;

export interface RunModel {
  readonly info: RunInfo;
  status: RunStatus;
  verdict: Verdict | null;
  header: Header | undefined;
  /** Scalars by metric name; eigenvalues as "eigenvalues.0", "eigenvalues.1", … */
  readonly columns: Map<string, Column>;
  readonly latest: Map<string, Reading>;
  /** Metrics that are lists, whole. */
  readonly lists: Map<string, ListReading>;
  /** Training clock: step and seconds of every metrics event. */
  readonly clock: Column;
  step: number;
  time: number;
  diverged: { readonly step: number; readonly what: string } | undefined;
  ended: Extract<RunEvent, { kind: "end" }> | undefined;
  readonly notes: { readonly step: number; readonly message: string }[];
}

export function createRun({ info, status, verdict, events }: RunSnapshot): RunModel {
  const run: RunModel = {
    info,
    status,
    verdict,
    header: undefined,
    columns: new Map(),
    latest: new Map(),
    lists: new Map(),
    clock: { steps: [], values: [] },
    step: 0,
    time: 0,
    diverged: undefined,
    ended: undefined,
    notes: [],
  };
  addEvents(run, events);
  return run;
}

export function addEvents(run: RunModel, events: readonly RunEvent[]): void {
  for (const event of events) addEvent(run, event);
}

function addEvent(run: RunModel, event: RunEvent): void {
  switch (event.kind) {
    case "header":
      run.header = event;
      if (event.resumedAt !== undefined) rewind(run, event.resumedAt);
      return;
    case "metrics":
      return addMetrics(run, event);
    case "diverged":
      run.diverged = { step: event.step, what: event.what };
      run.step = Math.max(run.step, event.step);
      return;
    case "note":
      run.notes.push({ step: event.step, message: event.message });
      return;
    case "end":
      run.ended = event;
      run.step = Math.max(run.step, event.step);
      run.time = Math.max(run.time, numberOf(event.time));
      return;
    case "heartbeat":
    case "closing":
    case "checkpoint":
      return;
    default:
      // A newer writer's event: nothing here knows it, and the rest of the log is still good.
      event satisfies never;
  }
}

function addMetrics(run: RunModel, event: Extract<RunEvent, { kind: "metrics" }>): void {
  const { step, probe, cost } = event;
  const time = numberOf(event.time);
  const measured: Measured = { step, time, probe, products: cost?.products, seconds: cost?.seconds };
  const add = (name: string, value: number) => {
    push(columnOf(run, name), step, value);
    // The verdict of a diverged run measures an earlier point: it does not hide what came after.
    if ((run.latest.get(name)?.step ?? 0) > step) return;
    run.latest.set(name, { ...measured, value });
  };
  for (const [name, value] of Object.entries(event.values)) {
    if (!Array.isArray(value)) add(name, numberOf(value));
    else {
      run.lists.set(name, { ...measured, values: value.map(numberOf) });
      // A spectrum is another set of nodes each time: no curve over steps leads from one to the next.
      if (!name.startsWith("spectrum.")) value.forEach((v, i) => add(`${name}.${i}`, numberOf(v)));
    }
  }
  push(run.clock, step, time);
  run.step = Math.max(run.step, step);
  if (Number.isFinite(time)) run.time = Math.max(run.time, time);
}

/** A later value for the same step replaces the earlier one; an earlier step never comes after a later one. */
function push({ steps, values }: Column, step: number, value: number): void {
  const last = steps.length - 1;
  if (last >= 0 && steps[last] === step) values[last] = value;
  else if (last < 0 || step > steps[last]) {
    steps.push(step);
    values.push(value);
  }
}

/** A resumed run repeats what came after its checkpoint: those readings are written again. */
function rewind(run: RunModel, step: number): void {
  for (const column of [...run.columns.values(), run.clock]) {
    let n = column.steps.length;
    while (n > 0 && column.steps[n - 1] >= step) n--;
    column.steps.length = n;
    column.values.length = n;
  }
  for (const readings of [run.latest, run.lists])
    for (const [name, reading] of readings) if (reading.step >= step) readings.delete(name);
  run.step = step;
  run.diverged = undefined;
  run.ended = undefined;
}

const empty: Column = { steps: [], values: [] };

export const listOf = (run: RunModel, name: MetricName): ListReading | undefined => run.lists.get(name);

/** The i-th entry over steps of a metric that is a list, from 0. */
export const entry = (run: RunModel, name: MetricName, i: number): Column =>
  run.columns.get(`${name}.${i}`) ?? empty;

export const column = (run: RunModel, name: MetricName): Column => run.columns.get(name) ?? empty;

function columnOf(run: RunModel, name: string): Column {
  const found = run.columns.get(name);
  if (found) return found;
  const made: Column = { steps: [], values: [] };
  run.columns.set(name, made);
  return made;
}

/** Numbers that are not finite arrive as words. */
export const numberOf = (x: unknown): number =>
  typeof x === "number" || typeof x === "string" ? decodeNum(x as Num) : NaN;
