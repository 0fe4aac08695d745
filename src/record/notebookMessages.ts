// Messages between the extension host and the outputs of notebook cells that show a run. All outputs of a notebook share one channel: `output` says which one.
import { encodeMessage, type FromPanel, type ToPanel } from "./panelMessages";

/** `show`: an output is in sight, of this folder; `leave`: it has gone. The rest is as on a page. */
export type FromNotebook =
  | { readonly kind: "show"; readonly output: string; readonly folder: string }
  | { readonly kind: "leave" | "received"; readonly output: string }
  | Extract<FromPanel, { kind: "openPanel" | "stop" }>;

export interface ToNotebook {
  readonly output: string;
  /** A `ToPanel` as `encodeMessage` makes it. */
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
  message: encodeMessage(message),
});
