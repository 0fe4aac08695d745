// Which commit an experiment belongs to, asked of git without letting the repository run anything: it may have come from anywhere.
import { execFile } from "node:child_process";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import type { RunInfo } from "../protocol/runFolder";

const exec = promisify(execFile);
const waitMilliseconds = 2000;

/**
 * Settings under which git executes nothing of a repository: no file system monitor, no hooks, no transport (a partial clone would
 * fetch what it lacks), no bare repository hidden in a folder.
 */
const harmless = [
  ["core.fsmonitor", "false"],
  ["core.hooksPath", "/dev/null"],
  ["safe.bareRepository", "explicit"],
] as const;

/** Git's environment without what would point it elsewhere, and without writing (its index would be refreshed). */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  return {
    ...Object.fromEntries(own),
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
  };
}

/** Commit, and whether tracked files differ from it; null where there is no repository or git does not answer in time. */
export async function gitState(cwd: string): Promise<RunInfo["git"]> {
  try {
    const commit = await git(cwd, harmless, "rev-parse", "HEAD");
    const settings = [...harmless, ...(await withoutFilters(cwd))];
    const status = ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"];
    return { commit, dirty: (await git(cwd, settings, ...status)) !== "" };
  } catch {
    return null;
  }
}

/**
 * `status` passes changed files through the filters that a repository configures, which are commands: each is set to none.
 * @throws Error for a filter whose name cannot be given to git on its command line.
 */
async function withoutFilters(cwd: string): Promise<(readonly [string, string])[]> {
  const names = await git(cwd, harmless, "config", "--list", "--name-only", "-z");
  const found = names.split("\0").flatMap((name) => /^(filter\..*)\.[^.]*$/s.exec(name)?.slice(1) ?? []);
  const filters = [...new Set(found)];
  if (filters.some((name) => name.includes("="))) throw new Error("a filter's name holds an equals sign");
  return filters.flatMap((filter) => [
    [`${filter}.clean`, ""] as const,
    [`${filter}.process`, ""] as const,
    [`${filter}.required`, "false"] as const,
  ]);
}

async function git(
  cwd: string,
  settings: readonly (readonly [name: string, value: string])[],
  ...args: readonly string[]
): Promise<string> {
  const given = settings.flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // Started elsewhere: Windows, or a PATH with "." in it, would take a program of that name in the repository for git.
  const how = { cwd: dirname(process.execPath), env: environment(), timeout: waitMilliseconds };
  const { stdout } = await exec("git", ["-C", resolve(cwd), "--no-pager", ...given, ...args], how);
  return stdout.trim();
}
