// JSON has no NaN or infinities and this project lives on divergence: every number that crosses a process goes through here.

/** A number in a file: finite numbers as themselves, the rest as a word. */
export type Num = number | "NaN" | "Infinity" | "-Infinity";

export const encodeNum = (x: number): Num =>
  Number.isFinite(x) ? x : Number.isNaN(x) ? "NaN" : x > 0 ? "Infinity" : "-Infinity";

export const decodeNum = (x: Num | null): number => (x === null ? NaN : Number(x));

/** `JSON.stringify` in which numbers that are not finite become the words of `Num`; typed arrays become arrays. */
export function stringify(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, v: unknown) =>
      typeof v === "number"
        ? encodeNum(v)
        : ArrayBuffer.isView(v)
          ? Array.from(v as Float64Array, encodeNum)
          : v,
    indent,
  );
}

/** A copy in which each number that JSON cannot say is an object of its own, which no text can be taken for. Typed arrays stay. */
export const tagNumbers = (value: unknown): unknown =>
  mapNumbers(value, (x) => (Number.isFinite(x) ? x : { $number: encodeNum(x) }));

/** What `tagNumbers` was given. */
export const untagNumbers = (value: unknown): unknown => mapNumbers(value, (x) => x);

function mapNumbers(value: unknown, f: (x: number) => unknown): unknown {
  if (typeof value === "number") return f(value);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map((one) => mapNumbers(one, f));
  if ("$number" in value) return Number(value.$number);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapNumbers(one, f)]));
}
