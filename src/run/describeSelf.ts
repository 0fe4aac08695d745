// What a run records about where it runs: process, versions, machine, git state.
import { cpus, hostname, totalmem } from "node:os";
import { dirname } from "node:path";
import type { RunInfo } from "../protocol/runFolder";
import { processStartOf } from "../record/disk/processTable";
import { version } from "../../package.json";
import { gitState } from "./gitState";
import { ownJob } from "./job";

/** The process part of run.json. */
export async function describeSelf(
  file: string,
): Promise<Pick<RunInfo, "handle" | "versions" | "machine" | "git">> {
  const processors = cpus();
  const host = hostname();
  return {
    handle: ownJob?.handle ?? {
      on: "local",
      host,
      pid: process.pid,
      started: processStartOf(process.pid) ?? "",
    },
    versions: { basin: version, node: process.versions.node },
    machine: {
      platform: `${process.platform}-${process.arch}`,
      cpu: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memory: totalmem(),
      host,
    },
    git: await gitState(dirname(file)),
  };
}
