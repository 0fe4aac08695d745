// What the checker may know of this disk: which files exist, the text of one that is extended, a person's own settings.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { CheckOptions } from "../../protocol/checkExperiment";
import { localFile } from "../../protocol/localSettings";
import { workspaceOf } from "./catalog";
import { experimentText } from "./experimentText";

/** The settings of the person who works in an experiment's workspace. */
export const localFileOf = (experiment: string): string => join(workspaceOf(experiment), localFile);

/** @param experiment Its file, which need not exist. */
export const checkOptions = (
  experiment: string,
): Pick<Required<CheckOptions>, "exists" | "readText" | "local"> => ({
  exists: existsSync,
  readText: experimentText,
  local: localFileOf(experiment),
});
