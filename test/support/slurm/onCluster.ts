// What every test on a cluster begins with: the cluster as this process's own, a workspace, the command line, and somebody who watches.
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll } from "vitest";
import { listRuns, type JobPoll, type RunRecord } from "../../../src/launchers";
import { holderOf } from "../../../src/record/disk/processes";
import { jobName } from "../../../src/record/jobs";
import { root, temporary } from "../runs";
import { startCluster, type Cluster, type ClusterOptions } from "./cluster";

export const cli = join(root, "dist", "cli.js");
const exec = promisify(execFile);

/** Starts a cluster before the tests beside it, for whoever calls Slurm's commands from here, and ends it after them. */
export function onCluster(options: ClusterOptions): () => Cluster {
  let cluster: Cluster | undefined;
  const before = { ...process.env };
  beforeAll(() => {
    cluster = startCluster(options);
    Object.assign(process.env, cluster.env);
  });
  afterAll(() => {
    cluster?.down();
    for (const key of ["PATH", "SLURM_CONF", "BASIN_CACHE"])
      if (before[key] === undefined) delete process.env[key];
      else process.env[key] = before[key];
  });
  return () => cluster!;
}

/** A workspace with one experiment, `a.basin.json`. */
export function workspaceOf(experiment: object) {
  const folder = temporary();
  mkdirSync(join(folder, ".basin"));
  writeFileSync(join(folder, "a.basin.json"), JSON.stringify({ name: "a", ...experiment }));
  return { folder, runsDir: join(folder, ".basin", "runs") };
}

/** Calls the command line in a folder. */
export async function basin(folder: string, ...args: string[]) {
  const options = { cwd: folder, env: { ...process.env, NO_COLOR: "1" } };
  return exec(process.execPath, [cli, ...args], options).then(
    ({ stdout, stderr }) => ({ out: stdout, err: stderr, status: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => ({
      out: error.stdout,
      err: error.stderr,
      status: error.code,
    }),
  );
}

/** Looks every half second, as a window or a terminal does, until something holds of the runs. */
export async function until(
  runsDir: string,
  poll: JobPoll,
  holds: (runs: RunRecord[]) => boolean,
  seconds = 500,
) {
  for (let i = 0; ; i++) {
    await poll.look(await listRuns(runsDir));
    const runs = await listRuns(runsDir);
    if (holds(runs)) return runs;
    if (i > 2 * seconds)
      throw new Error(
        `It did not come to hold: ${runs.map(({ status, place }) => `${status} (${place?.says})`).join(", ")}.`,
      );
    await new Promise((done) => setTimeout(done, 500));
  }
}

/** Name of the job that holds a run. */
export const jobOf = (run: RunRecord): string => {
  const handle = holderOf(run.folder)?.handle;
  return handle?.on === "slurm" ? jobName(handle) : "";
};
