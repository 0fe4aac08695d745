// Which Python runs a script: the one that was named for it, else the one that a terminal here would run.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";
import { fileError } from "../../protocol/errors";

export interface Interpreter {
  readonly path: string;
  /** Who says so, in words: "the environment in VIRTUAL_ENV". */
  readonly from: string;
}

export interface InterpreterOptions {
  /** Folder of the script: the nearest `.venv` is looked for from there upwards. */
  readonly folder: string;
  /** Named in the experiment file or in `.basin/local.json`. */
  readonly named?: string;
  /** Folder from which `named` starts. */
  readonly from?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const isWindows = process.platform === "win32";
/** Where a virtual environment keeps its Python. */
const inEnvironment = isWindows ? ["Scripts", "python.exe"] : ["bin", "python"];
const onPath = isWindows ? ["python.exe", "py.exe"] : ["python3", "python"];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** A program by its name on the PATH, or by its path from a folder; undefined where it is none. */
function located(name: string, folder: string, { PATH = "" }: NodeJS.ProcessEnv): string | undefined {
  const candidates = isAbsolute(name)
    ? [name]
    : /[\\/]/.test(name)
      ? [resolve(folder, name)]
      : PATH.split(delimiter)
          .filter(Boolean)
          .map((place) => join(place, name));
  return candidates.find(isProgram);
}

/**
 * In this order: named in the experiment or by the person (`.basin/local.json`), `BASIN_PYTHON` (which the editor sets from its setting),
 * an active virtual or conda environment, the nearest `.venv` above the script, `python3`.
 *
 * @throws UserError where one was named and is none, or there is none at all.
 */
export function findInterpreter({
  folder,
  named,
  from = folder,
  env = process.env,
}: InterpreterOptions): Interpreter {
  for (const { name, says, place } of [
    { name: named, says: "`trainer.interpreter`", place: from },
    { name: env.BASIN_PYTHON, says: "BASIN_PYTHON", place: process.cwd() },
  ]) {
    if (!name) continue;
    const path = located(name, place, env);
    if (path) return { path, from: says };
    throw fileError(
      name,
      `is no program that can be run; ${says} names it as the Python of scripts`,
      "Name a Python 3, such as .venv/bin/python.",
    );
  }
  for (const key of ["VIRTUAL_ENV", "CONDA_PREFIX"] as const) {
    const prefix = env[key];
    const path = prefix && [join(prefix, ...inEnvironment), join(prefix, "python.exe")].find(isProgram);
    if (path) return { path, from: `the environment in ${key}` };
  }
  for (let at = resolve(folder); ; at = dirname(at)) {
    const path = join(at, ".venv", ...inEnvironment);
    if (isProgram(path)) return { path, from: `the environment ${join(at, ".venv")}` };
    if (at === dirname(at)) break;
  }
  for (const name of onPath) {
    const path = located(name, folder, env);
    if (path) return { path, from: "the PATH" };
  }
  throw fileError(
    folder,
    "needs Python 3, and none was found",
    "Install it, or name it: the setting basin.python, BASIN_PYTHON, or `trainer.interpreter` in .basin/local.json.",
  );
}
