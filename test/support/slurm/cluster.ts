// A private Slurm on this machine for a test: munged, slurmctld and a few slurmd, all on the loopback, gone with the test. Two shell scripts beside this file do the work.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const here = resolve(__dirname);
/** Debian's daemons are not on everybody's PATH. */
const path = `${process.env.PATH}:/usr/sbin:/sbin`;

const works = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { env: { ...process.env, PATH: path } }).status === 0;

/** Whether a cluster can be made here: Debian's slurm-wlm and munge. */
export const hasSlurm =
  process.platform === "linux" &&
  // Without a configuration sbatch looks for one in the network.
  works("which", "sbatch") &&
  works("slurmctld", "-V") &&
  works("munged", "--version");

export interface Cluster {
  /** For whoever calls Slurm's commands. Every `squeue` among them is counted. */
  readonly env: NodeJS.ProcessEnv;
  /** Seconds since the epoch at which `squeue` was called. */
  readonly asked: () => number[];
  readonly restartController: () => void;
  readonly down: () => void;
}

/** Takes about half a second. @throws Error with what its daemons said. */
export function startCluster({ nodes = 3, largestArray = 1001 } = {}): Cluster {
  const place = mkdtempSync(join(tmpdir(), "slurm-"));
  // munged wants every folder above its socket to be open to all.
  chmodSync(place, 0o755);
  const folder = up(place, { NODES: String(nodes), MAX_ARRAY: String(largestArray), CPUS: "2" });
  const counting = join(place, "bin");
  const calls = join(place, "squeue.calls");
  const real = execFileSync("which", ["squeue"], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  }).trim();
  mkdirSync(counting);
  writeFileSync(calls, "");
  writeFileSync(join(counting, "squeue"), `#!/bin/sh\ndate +%s.%N >> '${calls}'\nexec '${real}' "$@"\n`);
  chmodSync(join(counting, "squeue"), 0o755);
  const env = {
    ...process.env,
    PATH: `${counting}:${path}`,
    SLURM_CONF: join(folder, "etc", "slurm.conf"),
    BASIN_CACHE: join(place, "cache"),
  };
  const pidFile = join(folder, "pids", "slurmctld");
  return {
    env,
    asked: () => readFileSync(calls, "utf8").split("\n").filter(Boolean).map(Number),
    restartController: () => {
      process.kill(Number(readFileSync(pidFile, "utf8")));
      while (works("kill", "-0", readFileSync(pidFile, "utf8").trim()) && !isZombie(pidFile)) pause();
      const log = openSync(join(folder, "log", "slurmctld.out"), "a");
      const child = spawn("slurmctld", ["-D"], { env, detached: true, stdio: ["ignore", log, log] });
      child.unref();
      writeFileSync(pidFile, `${child.pid}\n`);
    },
    down: () => {
      spawnSync(join(here, "down.sh"), [folder], { stdio: "ignore" });
      rmSync(place, { recursive: true, force: true });
    },
  };
}

function up(place: string, options: Readonly<Record<string, string>>): string {
  try {
    const env = { ...process.env, ...options };
    return execFileSync(join(here, "up.sh"), [join(place, "s")], { encoding: "utf8", env }).trim();
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    throw error;
  }
}

/** Where nobody reaps, what has ended stays as a zombie. */
const isZombie = (pidFile: string): boolean => {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${readFileSync(pidFile, "utf8").trim()}/status`, "utf8"));
  } catch {
    return true;
  }
};

const pause = (): unknown => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
