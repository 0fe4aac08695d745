// Packed readings as they stand in the log: whole numbers that say how far a value moved from the one before, so that a reading takes a few bytes.
import { encodeNum } from "../protocol/numbers";
import { isNum, isRaw, numberOr } from "./decode";
import { valueDigits } from "./valueDigits";

type Value = number | readonly number[];

/**
 * A column on disk. A list has every value; `deltas` in units of 10^-scale add up to the values, `turns` to the deltas, where those change
 * little from one to the next; one number holds for every reading; an `entries` column is made of lists of one length, entry by entry, null where the entry is the reading's sharpness.
 */
export type PackedColumn =
  | number
  | readonly unknown[]
  | { readonly scale: number; readonly deltas: readonly number[] }
  | { readonly scale: number; readonly turns: readonly number[] }
  | { readonly entries: readonly (PackedColumn | null)[] };

/** Within a factor of this the digits of the largest are digits enough for the smallest. */
const widest = 10;

/** Digits of error bars: the largest of the flight stands for all, which errs on the safe side. */
const barDigits = 3;

export function packColumn(
  name: string,
  values: readonly Value[],
  sharpness?: readonly Value[],
): PackedColumn {
  if (name.endsWith(".error")) return packBars(values);
  if (typeof values[0] === "number") return packNumbers(values as readonly number[]);
  const lists = values as readonly (readonly number[])[];
  return {
    entries: lists[0].map((_, k) => {
      const entry = lists.map((list) => list[k]);
      return k === 0 && sharpness?.every((value, i) => value === entry[i]) ? null : packNumbers(entry);
    }),
  };
}

function packBars(values: readonly Value[]): PackedColumn {
  if (typeof values[0] !== "number") {
    const lists = values as readonly (readonly number[])[];
    return { entries: lists[0].map((_, k) => packBars(lists.map((list) => list[k]))) };
  }
  const largest = Math.max(...(values as readonly number[]));
  // A bar that is no number stands for itself alone.
  return Number.isFinite(largest) ? roundedUp(largest) : (values as readonly number[]).map(encodeNum);
}

function roundedUp(bar: number): number {
  const near = Number(bar.toPrecision(barDigits));
  return near >= bar
    ? near
    : Number((near + 10 ** (Math.floor(Math.log10(bar)) - barDigits + 1)).toPrecision(barDigits));
}

function packNumbers(values: readonly number[]): PackedColumn {
  const sizes = values.map(Math.abs);
  const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
  const sameSign = values.every((value) => value > 0) || values.every((value) => value < 0);
  if (!sameSign || !Number.isFinite(largest) || largest > widest * smallest) return plain(values);
  // Fine enough for the smallest, whose digits are then all kept, as those of the others are.
  const scale = valueDigits - 1 - Math.floor(Math.log10(smallest));
  if (Math.abs(scale) > exactPower) return plain(values);
  const deltas = differences(values.map((value) => Math.round(scaled(value, scale))));
  const turns = differences(deltas);
  return String(turns).length < String(deltas).length ? { scale, turns } : { scale, deltas };
}

/** What adds up to the values, and back. */
const differences = (values: readonly number[]): number[] =>
  values.map((value, i) => value - (i === 0 ? 0 : values[i - 1]));
function sums(steps: readonly number[]): number[] {
  let sum = 0;
  return steps.map((one) => (sum += one));
}

const plain = (values: readonly number[]): PackedColumn =>
  values.map((value) => encodeNum(Number.isInteger(value) ? value : Number(value.toPrecision(valueDigits))));

/** Powers of ten up to this are doubles: a whole number divided by one is the very number that its decimals say. */
const exactPower = 22;

/** value · 10^scale, rounded once. */
const scaled = (value: number, scale: number): number =>
  scale >= 0 ? value * 10 ** scale : value / 10 ** -scale;

/** The values of a column of `n` readings; undefined for what is none. */
export function unpackColumn(column: unknown, n: number, sharpness?: readonly Value[]): Value[] | undefined {
  if (isNum(column)) return new Array<number>(n).fill(numberOr(column, NaN));
  if (Array.isArray(column)) {
    if (column.length !== n) return undefined;
    const values = column.map((value: unknown) => (isNum(value) ? numberOr(value, NaN) : undefined));
    return values.every((value) => value !== undefined) ? values : undefined;
  }
  if (!isRaw(column)) return undefined;
  const { scale, deltas, turns, entries } = column;
  if (Array.isArray(entries)) return transposed(entries, n, sharpness);
  if (!Number.isInteger(scale) || Math.abs(scale as number) > 320) return undefined;
  const written = deltas ?? turns;
  if (!Array.isArray(written) || written.length !== n || !written.every(Number.isSafeInteger))
    return undefined;
  const units = sums(written as number[]);
  return (deltas === undefined ? sums(units) : units).map((value) => scaled(value, -(scale as number)));
}

function transposed(
  entries: readonly unknown[],
  n: number,
  sharpness?: readonly Value[],
): number[][] | undefined {
  const columns = entries.map((entry) => (entry === null ? sharpness : unpackColumn(entry, n)));
  if (!columns.every((column) => column !== undefined && column.every((value) => typeof value === "number")))
    return undefined;
  return Array.from({ length: n }, (_, i) => columns.map((column) => column[i]));
}
