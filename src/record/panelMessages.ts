// Messages between the extension host and a page that shows a run. The page says `ready`; the host selects a run (`file` is the one whose runs a page follows), and tells its series in deltas.
import type { ExperimentForm } from "../protocol/formField";
import { tagNumbers, untagNumbers } from "../protocol/numbers";
import type { KeyPath } from "../protocol/jsonPath";
import type { RunInfo } from "../protocol/runFolder";
import type { RunStatus } from "../types/runStatus";
import type { Verdict } from "../types/verdict";
import type { ProvisionalFlag } from "./provisionalFlag";
import type { SeriesDelta } from "./transfer";

/** What may change of a run beside its series. */
export interface RunState {
  /** What it is called beside the other runs of its experiment. */
  readonly label: string;
  readonly status: RunStatus;
  readonly verdict: Verdict | null;
  readonly flag: ProvisionalFlag | null;
}

interface SelectedRun extends RunState {
  /** The run's folder: an id may stand in two folders, one copied from the other. */
  readonly key: string;
  readonly info: RunInfo;
}

export type ToPanel =
  | { readonly kind: "select"; readonly run: SelectedRun | null; readonly file?: string }
  /** Answered with `received`: the next one waits for it, and then holds all that came in between. */
  | { readonly kind: "series"; readonly run: string; readonly delta: SeriesDelta }
  | ({ readonly kind: "status"; readonly run: string } & RunState)
  /** A chart by its id, to be brought into sight. */
  | { readonly kind: "reveal"; readonly run: string; readonly chart: string }
  /** The file as a form, with what was typed and refused. `trusted`: whether it may be run. */
  | { readonly kind: "form"; readonly form: ExperimentForm; readonly trusted: boolean };

const commands = ["run", "newExperiment", "openText"] as const;
const openable = ["run", "events", "verdict"] as const;
/** `typing`: not done yet, for a save in between; `set`: done; `remove`: the key goes, for what holds without it; `add`: a part; `forget`: what was typed and not taken. */
const fieldChanges = ["typing", "set", "remove", "add", "forget"] as const;

/** Intents: the webview says what was picked, the host decides. `run` is a key. */
export type FromPanel =
  | { readonly kind: "ready" }
  | { readonly kind: "received" }
  | { readonly kind: "command"; readonly command: (typeof commands)[number] }
  /** The user's pick among all runs, in the editor's own list. */
  | { readonly kind: "pickRun" }
  /** In the panel, from a page that shows less. */
  | { readonly kind: "openPanel"; readonly run: string }
  | { readonly kind: "stop"; readonly run: string }
  | { readonly kind: "resume"; readonly run: string }
  | { readonly kind: "openExperiment"; readonly run: string }
  /** Into the experiment file, for its next run. */
  | { readonly kind: "addProbe"; readonly run: string; readonly probe: string }
  | { readonly kind: "openFile"; readonly run: string; readonly file: (typeof openable)[number] }
  /** From the checkpoint before a step, with other settings; null for those of the run. */
  | {
      readonly kind: "branch";
      readonly run: string;
      readonly step: number;
      readonly learningRate: number;
      readonly batchSize: number | null;
    }
  /** A chart's picture, to be written where the user says. `png` is base64. */
  | { readonly kind: "saveImage"; readonly run: string; readonly name: string; readonly png: string }
  /** At a key path of the file. */
  | { readonly kind: "field"; readonly change: FieldChange; readonly path: KeyPath; readonly typed: string }
  /** Characters from the start of the file's text. */
  | { readonly kind: "openAt"; readonly offset: number };

type FieldChange = (typeof fieldChanges)[number];

/** Of a message: no experiment nests so deep or has such long keys and values. */
const longest = { path: 16, key: 500, typed: 200_000, png: 30_000_000 } as const;

/** Base64 of a file that begins as every PNG does. */
const isPng = (value: unknown): value is string =>
  typeof value === "string" &&
  value.length <= longest.png &&
  value.startsWith("iVBORw0KGgo") &&
  /^[A-Za-z0-9+/]+={0,2}$/.test(value);

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isRate = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) && value > 0;

const isPath = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= longest.path &&
  value.every((key) => typeof key === "string" && key.length <= longest.key);

/** A message of the webview, checked; null for what is none. */
export function decodeFromPanel(raw: unknown): FromPanel | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { kind, run, command, probe, file, change, path, typed, offset, name, png } = raw as Readonly<
    Record<string, unknown>
  >;
  const isOne = <T extends string>(list: readonly T[], value: unknown): value is T =>
    list.includes(value as T);
  if (kind === "ready" || kind === "received" || kind === "pickRun") return { kind };
  if (kind === "command") return isOne(commands, command) ? { kind, command } : null;
  if (kind === "openAt")
    return typeof offset === "number" && Number.isSafeInteger(offset) && offset >= 0
      ? { kind, offset }
      : null;
  if (kind === "field")
    return isOne(fieldChanges, change) &&
      isPath(path) &&
      typeof typed === "string" &&
      typed.length <= longest.typed
      ? { kind, change, path, typed }
      : null;
  if (typeof run !== "string") return null;
  switch (kind) {
    case "openPanel":
    case "stop":
    case "resume":
    case "openExperiment":
      return { kind, run };
    case "addProbe":
      return typeof probe === "string" && /^[A-Za-z]{1,40}$/.test(probe) ? { kind, run, probe } : null;
    case "branch": {
      const { step, learningRate, batchSize } = raw as Readonly<Record<string, unknown>>;
      return isCount(step) &&
        isRate(learningRate) &&
        (batchSize === null || (isCount(batchSize) && batchSize > 0))
        ? { kind, run, step, learningRate, batchSize }
        : null;
    }
    case "saveImage":
      return typeof name === "string" && name.length <= longest.key && isPng(png)
        ? { kind, run, name, png }
        : null;
    case "openFile":
      return isOne(openable, file) ? { kind, run, file } : null;
    default:
      return null;
  }
}

/** A message as a channel of JSON and typed arrays carries it. */
export const encodeMessage = (message: ToPanel): unknown => tagNumbers(message);

/** The message that `encodeMessage` was given. */
export const decodeMessage = (encoded: unknown): ToPanel => untagNumbers(encoded) as ToPanel;
