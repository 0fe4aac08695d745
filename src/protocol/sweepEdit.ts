// An experiment's text with one value more in a list of its sweep; comments, also those in the list, and everything else stay.
import { findNodeAtLocation } from "jsonc-parser";
import { parseText, withValue } from "./jsonEdit";
import type { Json } from "./jsonPath";
import type { Axis } from "./sweep";

/**
 * The text with `value` among a swept key's: in its place where they are ascending numbers, else at the end; the same text where it is
 * there. A list that stands in a file this one extends is written out here with it.
 */
export function withSweepValue(text: string, { key, values }: Axis, value: Json): string {
  if (values.some((one) => JSON.stringify(one) === JSON.stringify(value))) return text;
  const larger = values.findIndex(
    (one) => typeof one !== "number" || (typeof value === "number" && one > value),
  );
  const at = typeof value === "number" && larger >= 0 ? larger : values.length;
  const added = JSON.stringify(value);
  const root = parseText(text);
  const items = root && findNodeAtLocation(root, ["sweep", key])?.children;
  if (!items || items.length === 0) {
    const list = [...values.slice(0, at), value, ...values.slice(at)];
    return withValue(text, ["sweep", key], `[${list.map((one) => JSON.stringify(one)).join(", ")}]`);
  }
  const next = items[at];
  const last = items[items.length - 1];
  const offset = next ? next.offset : last.offset + last.length;
  return text.slice(0, offset) + (next ? `${added}, ` : `, ${added}`) + text.slice(offset);
}
