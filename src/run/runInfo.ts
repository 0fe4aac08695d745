// `run.json` read back: what a resume or a branch goes on from is checked as strictly as an experiment file is.
import { join } from "node:path";
import type { Experiment } from "../protocol/experiment";
import { fileError, UserError, type Problem } from "../protocol/errors";
import { isObject, type Json } from "../protocol/jsonPath";
import { parseJsonSource } from "../protocol/jsonSource";
import { files, type RunInfo } from "../protocol/runFolder";
import { hasScript } from "../protocol/script";
import { schemaFindings } from "../protocol/schemaProblems";
import { decodeRunInfo } from "../record/decodeRunInfo";
import { largestJson, readPlainFile } from "../record/disk/files";

const hint = "Expected the run.json that `basin run` wrote; this folder cannot be gone on with.";

/**
 * @param checked  Whether a launcher has just checked the experiment: the schema is then not compiled again, which takes half a second.
 * @throws UserError when run.json is missing, no JSON, or holds an experiment that the schema refuses: file, line and key of each mistake.
 */
export function readInfo(folder: string, { checked = false }: { readonly checked?: boolean } = {}): RunInfo {
  const path = join(folder, files.run);
  let text: string;
  try {
    const bytes = readPlainFile(path, largestJson);
    if (bytes === null) throw new Error("no such file");
    text = bytes.toString("utf8");
  } catch (error) {
    throw fileError(path, (error as Error).message, hint);
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw fileError(path, "cannot be read as JSON", hint);
  }
  const experiment = isObject(raw) ? raw.experiment : null;
  if (!isObject(experiment)) throw fileError(path, "has no experiment", hint);
  const problems = checked ? [] : experimentProblems(experiment, text, path);
  if (problems.length > 0) throw new UserError(problems);
  // The experiment as it is written: the schema knows it better than those who only show it, and it is written back.
  const info = { ...decoded(raw, path), experiment: experiment as unknown as Experiment };
  if (info.file === "" && hasScript(info.experiment))
    throw fileError(
      path,
      "is of a script that was started by hand",
      `Start it again as it was: python ${info.experiment.trainer.python}`,
    );
  if (info.file === "") throw fileError(path, "does not say of which experiment file it is", hint);
  return info;
}

function decoded(raw: unknown, path: string): RunInfo {
  try {
    return decodeRunInfo(raw);
  } catch (error) {
    throw fileError(path, (error as Error).message, hint);
  }
}

function experimentProblems(experiment: Json, text: string, path: string): Problem[] {
  const findings = schemaFindings(experiment).filter(({ severity }) => severity === "error");
  if (findings.length === 0) return [];
  const source = parseJsonSource(text, path);
  return findings.map(({ path: keys, message, hint: more, at }) => ({
    severity: "error",
    message,
    hint: more ?? "A run goes on with the settings it began with; put back what was changed by hand.",
    place: source.place(["experiment", ...keys], at),
  }));
}
