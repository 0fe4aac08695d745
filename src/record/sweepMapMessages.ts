// Messages between the extension host and the page of a sweep's map: the map once, then the cells that changed; intents back.
import { tagNumbers, untagNumbers } from "../protocol/numbers";
import type { SweepCell, SweepMap } from "./sweepMap";

export type ToMap =
  | {
      readonly kind: "map";
      readonly map: SweepMap;
      /** Of the experiment. */
      readonly name: string;
      /** Whether points can be run and added here. */
      readonly mayRun: boolean;
    }
  | { readonly kind: "cells"; readonly cells: readonly SweepCell[] }
  /** There is no map: the file has no sweep, or cannot be read. */
  | { readonly kind: "none"; readonly why: string };

export type FromMap =
  | { readonly kind: "ready" }
  | { readonly kind: "axes"; readonly keys: readonly string[] }
  | { readonly kind: "cell"; readonly x: number; readonly y: number }
  /** A value more of a swept key, as typed. */
  | { readonly kind: "add"; readonly key: string; readonly typed: string }
  | { readonly kind: "export" }
  | { readonly kind: "openFile" };

const longest = 500;
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= longest;
const isPlace = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** A message of the page, checked; null for what is none. */
export function decodeFromMap(raw: unknown): FromMap | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { kind, keys, x, y, key, typed } = raw as Readonly<Record<string, unknown>>;
  switch (kind) {
    case "ready":
    case "export":
    case "openFile":
      return { kind };
    case "axes":
      return Array.isArray(keys) && keys.length <= 2 && keys.every(isText) ? { kind, keys } : null;
    case "cell":
      return isPlace(x) && isPlace(y) ? { kind, x, y } : null;
    case "add":
      return isText(key) && isText(typed) ? { kind, key, typed } : null;
    default:
      return null;
  }
}

/** A message as a channel of JSON carries it. */
export const encodeToMap = (message: ToMap): unknown => tagNumbers(message);

/** The message that `encodeToMap` was given. */
export const decodeToMap = (encoded: unknown): ToMap => untagNumbers(encoded) as ToMap;
