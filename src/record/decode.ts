// What decoders of small JSON files share: a value as the type it should be, or what stands in for it.
import { decodeNum, type Num } from "../protocol/numbers";

export type Raw = Readonly<Record<string, unknown>>;

const words: readonly unknown[] = ["NaN", "Infinity", "-Infinity"];
/** Longer text is no label, message or name of anything. */
const longestText = 10_000;

export const isRaw = (value: unknown): value is Raw =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** A number as a file writes it: finite as itself, the rest as a word. */
export const isNum = (value: unknown): value is Num => typeof value === "number" || words.includes(value);

export const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value.slice(0, longestText) : undefined;
export const textOr = (value: unknown, otherwise: string): string => text(value) ?? otherwise;
/** The entries of a list that are text; none where there is no list. */
export const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.flatMap((one) => text(one) ?? []) : [];
export const numberOr = (value: unknown, otherwise: number): number =>
  isNum(value) ? decodeNum(value) : otherwise;
export const numberOrNull = (value: unknown): number | null => (isNum(value) ? decodeNum(value) : null);
/** A step is a whole number from 0 on. */
export const isStep = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
