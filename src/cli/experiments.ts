// Reads and checks the experiment files of a call: every problem of every file is told before anything runs.
import { readFileSync, statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { checkOptions } from "../record/disk/checkOptions";
import { checkExperiment, type CheckOptions, type ExperimentPoint } from "../protocol/checkExperiment";
import { fileError, formatProblem, UserError, type Problem } from "../protocol/errors";
import type { OptionSpec } from "./arguments";
import { warn } from "./show/print";

export interface FilePoints {
  /** Absolute path of the experiment file. */
  readonly file: string;
  readonly points: readonly ExperimentPoint[];
}

export const setOption: OptionSpec = {
  name: "set",
  value: "KEY=VALUE",
  many: true,
  text: "change a key of the experiment, e.g. optimizer.learningRate=0.1",
};

/**
 * What to run, file by file. Warnings go to stderr.
 *
 * @param optionsFor  What the checker may know of this disk, for a file.
 * @throws UserError with every problem of every file.
 */
export function readExperiments(
  names: readonly string[],
  overrides: readonly string[],
  optionsFor: (file: string) => CheckOptions = checkOptions,
): FilePoints[] {
  const errors = new Map<string, Problem>();
  const files = names.map((name) => {
    const file = resolve(name);
    const { problems, points } = checkExperiment(readText(name), file, { ...optionsFor(file), overrides });
    for (const problem of problems) {
      const shown = { ...problem, place: { ...problem.place, file: shownPath(problem.place.file) } };
      // A bad --set is one mistake, however many files it is for.
      if (problem.severity === "error") errors.set(formatProblem(shown), shown);
      else warn(`${formatProblem(shown)}\n`);
    }
    return { file, points };
  });
  if (errors.size > 0) throw new UserError([...errors.values()]);
  return files;
}

/** A path as short as it can be said from here. */
export function shownPath(path: string): string {
  if (path === "--set") return path;
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") ? short : path;
}

function readText(name: string): string {
  try {
    const stat = statSync(name);
    // A pipe is waited for, a device has no end.
    if (stat.isFile()) return readFileSync(name, "utf8");
    throw fileError(
      name,
      stat.isDirectory() ? "is a folder" : "is no plain file",
      "Expected an experiment file, *.basin.json.",
    );
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT")
      throw fileError(name, "no such file", "Expected an experiment file, *.basin.json.");
    throw fileError(name, `cannot be read (${code})`);
  }
}
