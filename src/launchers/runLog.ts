// The end of what a run's process said, for a message about a run that failed.
import { join } from "node:path";
import { files } from "../protocol/runFolder";
import { readLogText } from "../record/disk/logText";

/** More than this is no message. */
const longest = 1 << 16;

/** The last lines of `run.log`; "" where there is none, or where something else than a plain file stands in its place. */
export const readLog = (folder: string, lines = 10): string =>
  readLogText(join(folder, files.log), longest).trimEnd().split("\n").slice(-lines).join("\n");
