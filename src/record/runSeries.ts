// The one fold from a run's log to what every surface shows of it: columns over steps, the latest reading of each metric, and how it ended.
import type { Earlier, Measured, RunEvent } from "../protocol/events";
import { metricInfo } from "../protocol/metrics";
import type { MetricInfo } from "../types/metricInfo";
import type { Cost, How } from "../types/reading";
import { Column } from "./column";
import { derived, derivedColumns, type Columns } from "./derive";
import { timeOf } from "./pack";

export type Header = Extract<RunEvent, { kind: "header" }>;
type Metrics = Extract<RunEvent, { kind: "metrics" }>;
type Ended = Extract<RunEvent, { kind: "end" }>;

/** A metric's latest value with where, when, by what and at what cost it was measured. */
export interface LatestReading {
  readonly value: number | readonly number[];
  readonly step: number;
  /** Seconds of training. */
  readonly time: number;
  /** The probe's id, "verdict" for the closing measurement; absent for the loop's own numbers. */
  readonly probe?: string;
  readonly cost?: Cost;
  readonly error?: number | readonly number[];
  readonly how?: How;
  readonly method?: string;
}

export interface Note {
  readonly step: number;
  readonly message: string;
}

/** A list over steps makes a curve for each of its first entries only: a long list is a picture of its own. */
const longestList = 64;
const errorNames = new Map<string, string>();
/** Looked up, not put together anew for every value of a log. */
function errorOf(name: string): string {
  let known = errorNames.get(name);
  if (known === undefined) {
    known = `${name}.error`;
    if (errorNames.size < 1000) errorNames.set(name, known);
  }
  return known;
}
const isList = (value: number | readonly number[]): value is readonly number[] => typeof value !== "number";

export class RunSeries {
  /** Scalars by metric name; entry i of a list as "name.i". */
  readonly columns = new Map<string, Column>();
  readonly latest = new Map<string, LatestReading>();
  /** Seconds of training over steps. */
  readonly clock: Column;
  readonly notes: Note[] = [];
  readonly checkpoints: number[] = [];
  header: Header | undefined;
  /** Processes that have written to this log. */
  headers = 0;
  step = 0;
  time = 0;
  diverged: { readonly step: number; readonly what: string } | undefined;
  ended: Ended | undefined;
  /** What the closing measurement does now; undefined while the run trains and when it has ended. */
  closing: Extract<RunEvent, { kind: "closing" }> | undefined;
  /** Grows whenever what was told before no longer holds: a resume took readings back. */
  rewinds = 0;
  /** How each metric was measured last, by whichever probe. */
  readonly methods = new Map<string, Measured>();
  /** The same by probe, then metric: the log says so only where it changes for a probe. */
  readonly methodsOf = new Map<string, Map<string, Measured>>();

  /** @param most, whole  Points kept of each column, as it takes them; all by default. */
  constructor(
    private readonly most = Infinity,
    private readonly whole = false,
  ) {
    this.clock = new Column(most, whole);
  }

  add(event: RunEvent): void {
    switch (event.kind) {
      case "header":
        this.header = event;
        this.headers++;
        if (event.resumedAt !== undefined) this.rewind(event.resumedAt);
        return;
      case "metrics":
        return event.earlier ? this.addPacked(event, event.earlier) : this.addMetrics(event);
      case "diverged":
        this.diverged = { step: event.step, what: event.what };
        this.step = Math.max(this.step, event.step);
        return;
      case "note":
        this.addNote(event.step, event.message);
        return;
      case "checkpoint":
        if (this.checkpoints.at(-1) !== event.step) this.checkpoints.push(event.step);
        return;
      case "end":
        this.ended = event;
        this.closing = undefined;
        this.step = Math.max(this.step, event.step);
        this.time = Math.max(this.time, event.time);
        return;
      case "closing":
        this.closing = event;
        return;
      case "heartbeat":
        return;
    }
  }

  /** Once: a judgement is read again behind the index that holds it. */
  private addNote(step: number, message: string): void {
    const known = this.notes.some((note) => note.step === step && note.message === message);
    if (!known && this.notes.length < 1000) this.notes.push({ step, message });
  }

  /** What a metric is: a name of Basin's, one that the log explains, or a name that nobody has explained. */
  infoOf(name: string): MetricInfo {
    return (
      metricInfo(name) ??
      this.header?.metrics?.find((info) => info.name === name) ?? { name, label: name, unit: "", about: "" }
    );
  }

  column(name: string): Column {
    return this.columns.get(name) ?? empty;
  }

  /** The latest value of a scalar. */
  number(name: string): number | undefined {
    const value = this.latest.get(name)?.value;
    return typeof value === "number" ? value : undefined;
  }

  private addMetrics({ step, time, probe, cost, how, values: written }: Metrics): void {
    if (how) this.tellMethods(how, probe);
    const methods = probe === undefined ? undefined : this.methodsOf.get(probe);
    const values = this.withLimit(step, derived(written, this.header?.dynamics));
    for (const name of Object.keys(values)) {
      const value = values[name];
      this.addValue(name, step, value);
      const before = this.latest.get(name);
      // The verdict of a diverged run measures an earlier point: it does not hide what came after.
      if (before && before.step > step) continue;
      const method = methods?.get(name) ?? this.methods.get(name);
      // Spelled out: this runs for every value of a log of a million events.
      this.latest.set(name, {
        value,
        step,
        time,
        probe,
        cost,
        error: values[errorOf(name)],
        how: method?.how,
        method: method?.method,
      });
    }
    this.clock.add(step, time);
    this.step = Math.max(this.step, step);
    if (Number.isFinite(time)) this.time = Math.max(this.time, time);
  }

  private tellMethods(how: NonNullable<Metrics["how"]>, probe: string | undefined): void {
    for (const [name, method] of Object.entries(how)) {
      this.methods.set(name, method);
      if (probe === undefined) continue;
      const own = this.methodsOf.get(probe) ?? new Map<string, Measured>();
      this.methodsOf.set(probe, own.set(name, method));
    }
  }

  /** The limit that binds is the smaller of the mean and mean-square limits at that step: what is judged later may be of an earlier one. */
  private withLimit(step: number, values: Metrics["values"]): Metrics["values"] {
    const [mean, variance] = [values["stability.meanLimit"], values["stability.varianceLimit"]];
    if ((mean === undefined && variance === undefined) || values["stability.limit"] !== undefined)
      return values;
    const latest = (value: number | readonly number[] | undefined, name: string): number => {
      const known = value ?? this.column(name).at(step);
      return typeof known === "number" ? known : Infinity;
    };
    const limit = Math.min(latest(mean, "stability.meanLimit"), latest(variance, "stability.varianceLimit"));
    return { ...values, "stability.limit": limit };
  }

  /** Packed readings go to their columns in one piece; the last of them is the event itself. */
  private addPacked(event: Metrics, { steps, times, values }: Earlier): void {
    const columns = derivedColumns(entryColumns(values), this.header?.dynamics);
    for (const [name, column] of Object.entries(columns)) this.columnOf(name).append(steps, column);
    const mean = columns["stability.meanLimit"];
    if (mean !== undefined && columns["stability.limit"] === undefined) {
      const variance = this.column("stability.varianceLimit");
      const limits = steps.map((step, i) => Math.min(mean[i], variance.at(step) ?? Infinity));
      this.columnOf("stability.limit").append(steps, limits);
    }
    this.clock.append(
      steps,
      steps.map((_, i) => timeOf(times, i, steps.length - 1)),
    );
    this.addMetrics(event);
  }

  private addValue(name: string, step: number, value: number | readonly number[]): void {
    if (!isList(value)) this.columnOf(name).add(step, value);
    else if (isCurves(name, value)) value.forEach((own, i) => this.columnOf(`${name}.${i}`).add(step, own));
  }

  private columnOf(name: string): Column {
    let column = this.columns.get(name);
    if (!column) this.columns.set(name, (column = new Column(this.most, this.whole)));
    return column;
  }

  /** A resumed run repeats what came after its checkpoint: those readings are written again. */
  private rewind(step: number): void {
    for (const column of [...this.columns.values(), this.clock]) column.rewind(step);
    for (const [name, reading] of this.latest) {
      if (reading.step < step) continue;
      const [column, errors] = [this.columns.get(name), this.columns.get(errorOf(name))];
      const before = column?.lastStep;
      if (!column || before === undefined) this.latest.delete(name);
      else {
        const back = { value: column.at(before)!, error: errors?.at(before), step: before };
        this.latest.set(name, { ...reading, ...back, time: this.clock.at(before) ?? NaN, cost: undefined });
      }
    }
    this.methods.clear();
    this.methodsOf.clear();
    this.step = step;
    this.diverged = undefined;
    this.ended = undefined;
    this.closing = undefined;
    this.rewinds++;
  }
}

/** Whether a list's entries are curves. A spectrum is another set of nodes each time: none leads over steps from one to the next. */
const isCurves = (name: string, list: readonly number[]): boolean =>
  !name.startsWith("spectrum.") && list.length <= longestList;

/** Packed values as columns of numbers: those of a list entry by entry. */
function entryColumns(values: Earlier["values"]): Columns {
  const columns: Record<string, readonly number[]> = {};
  for (const [name, column] of Object.entries(values)) {
    const first = column[0];
    if (first === undefined) continue;
    if (!isList(first)) columns[name] = column as readonly number[];
    else if (isCurves(name, first))
      first.forEach((_, k) => {
        columns[`${name}.${k}`] = (column as readonly (readonly number[])[]).map((list) => list[k]);
      });
  }
  return columns;
}

const empty = new Column();
