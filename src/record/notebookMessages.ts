// Messages between the extension host and the outputs of notebook cells that show a run. All outputs of a notebook share one channel: `output` says which one.
import { decodeMessage, encodeMessage, type FromPanel, type ToPanel } from "./panelMessages";

/** `show`: an output is in sight, of this folder; `leave`: it has gone. The rest is as on a page. */
export type FromNotebook =
  | { readonly kind: "show"; readonly output: string; readonly folder: string }
  | { readonly kind: "leave" | "received"; readonly output: string }
  | Extract<FromPanel, { kind: "openPanel" | "stop" }>;

export interface ToNotebook {
  readonly output: string;
  /** A `ToPanel` as JSON carries it: for `fromHost`. */
  readonly message: unknown;
}

/** Of a path: no file system has longer ones. */
const longest = 4096;

const isText = (value: unknown): value is string => typeof value === "string" && value.length <= longest;

/** A message of an output, checked; null for what is none. */
export function decodeFromNotebook(raw: unknown): FromNotebook | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { kind, output, folder, run } = raw as Readonly<Record<string, unknown>>;
  switch (kind) {
    case "show":
      return isText(output) && isText(folder) ? { kind, output, folder } : null;
    case "leave":
    case "received":
      return isText(output) ? { kind, output } : null;
    case "openPanel":
    case "stop":
      return isText(run) ? { kind, run } : null;
    default:
      return null;
  }
}

export const toNotebook = (output: string, message: ToPanel): ToNotebook => ({
  output,
  message: mapValues(encodeMessage(message), (value) =>
    value instanceof Float64Array ? { $floats: base64Of(value) } : undefined,
  ),
});

/** The message that `toNotebook` was given. */
export const fromHost = ({ message }: ToNotebook): ToPanel =>
  decodeMessage(
    mapValues(message, (value) =>
      "$floats" in value && typeof value.$floats === "string" ? floatsOf(value.$floats) : undefined,
    ),
  );

/** A copy in which some objects are others. The channel of notebooks is JSON alone, which knows no typed arrays. */
function mapValues(value: unknown, other: (value: object) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const made = other(value);
  if (made !== undefined) return made;
  if (Array.isArray(value)) return value.map((one) => mapValues(one, other));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mapValues(one, other)]));
}

/** Bytes of one call: more arguments than a call may have would fail. */
const piece = 1 << 14;

function base64Of({ buffer, byteOffset, byteLength }: Float64Array): string {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += piece)
    text += String.fromCharCode(...bytes.subarray(at, at + piece));
  return btoa(text);
}

const floatsOf = (base64: string): Float64Array =>
  new Float64Array(Uint8Array.from(atob(base64), (one) => one.charCodeAt(0)).buffer);
