// The output `application/vnd.basin.run+json` of a notebook cell: where a run lies, and what it had come to when the cell ran. Anyone may have written it.
import type { RunStatus } from "../types/runStatus";
import { isRaw, text, type Raw } from "./decode";
import { decodeEvent } from "./decodeEvent";
import { decodeRunInfo } from "./decodeRunInfo";
import { decodeVerdict } from "./decodeVerdict";
import { RunSeries } from "./runSeries";
import type { RunView } from "./runView";
import { statusFrom } from "./status";

export interface NotebookOutput {
  /** The run folder: absolute, or from the workspace folder or the notebook's own. */
  readonly folder?: string;
  /** What is shown where the folder is not at hand. */
  readonly snapshot?: RunView & { readonly status: RunStatus };
  /** What is wrong with it, in words for the user. */
  readonly problem?: string;
}

const version = 1;
/** More than anyone looks at in a notebook; the rest is in the run folder. */
const mostEvents = 100_000;

/**
 * `{ "version": 1, "folder": "…", "snapshot": { "run": …, "events": [ … ], "verdict": … } }`: of the snapshot `run` is what run.json holds,
 * each event what a line of events.jsonl holds, `verdict` what verdict.json holds; only `run` must be there.
 */
export function decodeOutput(raw: unknown): NotebookOutput {
  if (!isRaw(raw)) return { problem: 'This output is no { "version": 1, "folder": … }.' };
  if (raw.version !== version)
    return {
      problem: `This output is of version ${JSON.stringify(raw.version) ?? "none"}; this Basin reads version ${version}. Run the cell again, or update Basin.`,
    };
  const folder = text(raw.folder);
  const snapshot = isRaw(raw.snapshot) ? snapshotOf(raw.snapshot) : undefined;
  if (typeof snapshot === "string") return { folder, problem: `What was saved of this run ${snapshot}.` };
  if (folder === undefined && !snapshot)
    return { problem: 'This output names no run: it has neither "folder" nor "snapshot".' };
  return { folder, snapshot };
}

/** @returns Why it cannot be shown, to follow its name. */
function snapshotOf({ run, events, verdict }: Raw): NotebookOutput["snapshot"] | string {
  try {
    const series = new RunSeries();
    for (const raw of Array.isArray(events) ? events.slice(0, mostEvents) : []) {
      const event = decodeEvent(raw);
      if (event) series.add(event);
    }
    const status = statusFrom({
      claim: {},
      life: "elsewhere",
      headers: series.headers,
      end: series.ended?.reason ?? null,
      changes: false,
    });
    return { info: decodeRunInfo(run), verdict: decodeVerdict(verdict), series, status };
  } catch (error) {
    return (error as Error).message;
  }
}
