// A series on its way from the process that reads the log to a page that draws it: what is new since the last time, columns as they lie in memory.
import { Column } from "./column";
import { decimate } from "./pyramid";
import type { LatestReading, Note, RunSeries } from "./runSeries";

export interface ColumnPiece {
  readonly name: string;
  /** Points of this column that stay as they are at the receiver; the rest is replaced by this piece. */
  readonly from: number;
  readonly steps: Float64Array;
  readonly values: Float64Array;
}

export interface SeriesDelta {
  readonly columns: readonly ColumnPiece[];
  readonly clock: ColumnPiece | null;
  /** Those that changed; null for one that a resume took back. */
  readonly latest: readonly (readonly [name: string, reading: LatestReading | null])[];
  readonly notes: readonly Note[];
  readonly state: Pick<RunSeries, "header" | "step" | "time" | "diverged" | "ended" | "closing">;
}

/** How a series' curves look over the whole run. */
export interface SeriesPicture {
  readonly columns: readonly ColumnPiece[];
  readonly clock: ColumnPiece;
}

/** Points of one delta: about ten megabytes, a tenth of a second to copy. */
const mostPoints = 600_000;
/** A series of more points begins with a picture of it: each column in as many stretches as a wide chart has pixels. */
const manyPoints = 50_000;
const pictureStretches = 1000;

const pointsOf = ({ columns }: RunSeries): number =>
  [...columns.values()].reduce((sum, { length }) => sum + length, 0);

type State = SeriesDelta["state"];
const stateOf = ({ header, step, time, diverged, ended, closing }: RunSeries): State => ({
  header,
  step,
  time,
  diverged,
  ended,
  closing,
});
const sameState = (a: State, b: State): boolean =>
  (Object.keys(a) as (keyof State)[]).every((key) => Object.is(a[key], b[key]));

/** Tells a series in deltas, however it changes in between: the receiver may be slow and always gets the newest state next. */
export class SeriesSender {
  /** What the receiver has of each column. */
  private readonly sent = new Map<Column, { readonly length: number; readonly version: number }>();
  private readonly told = new Map<string, LatestReading>();
  private notes = 0;
  private state: State | null = null;

  /** @param picture  What a series begins with whose curves are yet to come. */
  constructor(
    private readonly series: RunSeries,
    private readonly picture: SeriesPicture | null = null,
  ) {}

  /** What is new; null where nothing is. */
  next(): SeriesDelta | null {
    const { series } = this;
    const { columns, clock } = this.state === null ? this.first() : this.pieces();
    const latest = this.changedReadings();
    const notes = series.notes.slice(this.notes);
    this.notes = series.notes.length;
    const [before, state] = [this.state, stateOf(series)];
    this.state = state;
    const nothing = columns.length + latest.length + notes.length === 0 && clock === null;
    if (nothing && before !== null && sameState(before, state)) return null;
    return { columns, clock, latest, notes, state };
  }

  /** A picture of a long series, which looks as it will when all points are there: those replace it. */
  private first(): Pick<SeriesDelta, "columns" | "clock"> {
    if (this.picture) return this.picture;
    return pointsOf(this.series) > manyPoints ? pictureOf(this.series) : this.pieces();
  }

  private pieces(): Pick<SeriesDelta, "columns" | "clock"> {
    const { series } = this;
    let room = mostPoints;
    const columns: ColumnPiece[] = [];
    for (const [name, column] of series.columns) {
      const piece = this.pieceOf(name, column, room);
      if (!piece) continue;
      columns.push(piece);
      room -= piece.steps.length;
    }
    return { columns, clock: this.pieceOf("", series.clock, mostPoints) };
  }

  private isWhole(column: Column): boolean {
    const known = this.sent.get(column);
    return known?.version === column.version && known.length === column.length;
  }

  private pieceOf(name: string, column: Column, room: number): ColumnPiece | null {
    if (room <= 0 || this.isWhole(column)) return null;
    const known = this.sent.get(column);
    const from = known ? Math.min(known.length, column.unchangedSince(known.version)) : 0;
    const to = Math.min(column.length, from + room);
    this.sent.set(column, { length: to, version: column.version });
    return { name, from, steps: column.steps.slice(from, to), values: column.values.slice(from, to) };
  }

  private changedReadings(): [string, LatestReading | null][] {
    const { latest } = this.series;
    const changed: [string, LatestReading | null][] = [];
    for (const [name, reading] of latest) if (this.told.get(name) !== reading) changed.push([name, reading]);
    for (const name of this.told.keys()) if (!latest.has(name)) changed.push([name, null]);
    for (const [name, reading] of changed)
      if (reading) this.told.set(name, reading);
      else this.told.delete(name);
    return changed;
  }
}

/** Every column over the whole run, in as many points as a wide chart has pixels. */
export function pictureOf({ columns, clock }: RunSeries): SeriesPicture {
  const small = (name: string, column: Column): ColumnPiece => {
    const { steps, values } = decimate(column, pictureStretches);
    return { name, from: 0, steps: Float64Array.from(steps), values: Float64Array.from(values) };
  };
  return { columns: [...columns].map(([name, column]) => small(name, column)), clock: small("", clock) };
}

/** Brings the receiver's series to where the sender's is. */
export function receive(series: RunSeries, { columns, clock, latest, notes, state }: SeriesDelta): void {
  for (const piece of columns) {
    let column = series.columns.get(piece.name);
    if (!column) series.columns.set(piece.name, (column = new Column()));
    column.replace(piece.from, piece.steps, piece.values);
  }
  if (clock) series.clock.replace(clock.from, clock.steps, clock.values);
  for (const [name, reading] of latest)
    if (reading) series.latest.set(name, reading);
    else series.latest.delete(name);
  series.notes.push(...notes);
  Object.assign(series, state);
}
