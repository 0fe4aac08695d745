// What a run records about where it runs: process, versions, machine, git state.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { dirname } from "node:path";
import { promisify } from "node:util";
import type { RunInfo } from "../protocol/runFolder";
import { version } from "../../package.json";

const exec = promisify(execFile);

/** The process part of run.json. Git is asked at most two seconds; without it the entry is null. */
export async function describeSelf(
  file: string,
): Promise<Pick<RunInfo, "pid" | "processStarted" | "versions" | "machine" | "git">> {
  const processors = cpus();
  return {
    pid: process.pid,
    processStarted: await processStarted(),
    versions: { basin: version, node: process.versions.node },
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpu: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memory: totalmem(),
    },
    git: await gitState(dirname(file)),
  };
}

/** This process's start time as the system tells it: with the pid it names one process for good. */
async function processStarted(): Promise<string> {
  try {
    if (process.platform === "linux") {
      // Field 22 of /proc/<pid>/stat, counted after the parenthesised name, which may hold spaces.
      const text = readFileSync(`/proc/${process.pid}/stat`, "utf8");
      return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    }
    if (process.platform === "win32") return "";
    return (await exec("ps", ["-o", "lstart=", "-p", String(process.pid)])).stdout.trim();
  } catch {
    return "";
  }
}

async function gitState(cwd: string): Promise<RunInfo["git"]> {
  try {
    const git = async (...args: string[]) => (await exec("git", args, { cwd, timeout: 2000 })).stdout.trim();
    const commit = await git("rev-parse", "HEAD");
    return { commit, dirty: (await git("status", "--porcelain", "--untracked-files=no")) !== "" };
  } catch {
    return null;
  }
}
