// A private Slurm on this machine for a test: munged, slurmctld and a few slurmd, on the loopback or as hosts in a network of their own, gone with the test. Two shell scripts beside this file do the work.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { cacheHere } from "../../../src/protocol/cacheFolder";
import accountsFolder from "./accountsFolder.json";

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

/** Whether its nodes can be hosts of their own: namespaces of the network and of host names, and a bridge between them. */
export const hasHosts =
  hasSlurm && works("unshare", "--net", "--uts", "--mount", "ip", "link", "add", "nodes", "type", "bridge");

const accounts = join(cacheHere(), accountsFolder);

/** Whether one of hosts can have a real slurmdbd, which `npm test` unpacks into the cache. */
export const hasAccounts = hasHosts && existsSync(join(accounts, "complete"));

export interface Cluster {
  /** For whoever calls Slurm's commands. Every `squeue` among them is counted. */
  readonly env: NodeJS.ProcessEnv;
  /** Seconds since the epoch at which `squeue` was called. */
  readonly asked: () => number[];
  readonly restartController: () => void;
  /** Takes a node from the net as a power failure does: its daemon and whatever ran on it are gone. */
  readonly failNode: (node: string) => void;
  readonly down: () => void;
}

export interface ClusterOptions {
  readonly nodes?: number;
  readonly largestArray?: number;
  /** Of each node; nothing stands behind them. */
  readonly gpus?: number;
  /** Whether every node is a host of its own, with its network and its name. */
  readonly hosts?: boolean;
  /** Whether a real slurmdbd keeps accounts, as of hosts only. Each user has to have one. */
  readonly accounts?: boolean;
  /** Seconds after which the controller forgets a job that has ended. */
  readonly forgetsAfter?: number;
  /** Further lines of slurm.conf. */
  readonly conf?: readonly string[];
}

/** Takes about half a second. @throws Error with what its daemons said. */
export function startCluster({
  nodes = 3,
  largestArray = 1001,
  gpus = 0,
  hosts = false,
  accounts: keepsAccounts = false,
  forgetsAfter = 600,
  conf = [],
}: ClusterOptions = {}): Cluster {
  const place = mkdtempSync(join(tmpdir(), "slurm-"));
  // munged wants every folder above its socket to be open to all.
  chmodSync(place, 0o755);
  const folder = up(place, {
    NODES: String(nodes),
    MAX_ARRAY: String(largestArray),
    CPUS: "2",
    GPUS: String(gpus),
    HOSTS: hosts ? "1" : "",
    ACCOUNTS: keepsAccounts ? accounts : "",
    MIN_JOB_AGE: String(forgetsAfter),
    CONF: conf.join("\n"),
    // Seconds until a node that is silent counts as down.
    SLURMD_TIMEOUT: "5",
  });
  const calls = join(place, "squeue.calls");
  writeFileSync(calls, "");
  const pidOf = (daemon: string): string => readFileSync(join(folder, "pids", daemon), "utf8").trim();
  const network = hosts ? ["nsenter", "--net", `--target=${pidOf("munged")}`] : [];
  const env = {
    ...process.env,
    PATH: `${writeClients(join(place, "bin"), calls, network)}:${path}`,
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
      const [program, ...args] = [...network, ...(hosts ? ["--uts", "--mount"] : []), "slurmctld", "-D"];
      const child = spawn(program, args, { env, detached: true, stdio: ["ignore", log, log] });
      child.unref();
      writeFileSync(pidFile, `${child.pid}\n`);
    },
    failNode: (node) => {
      process.kill(Number(pidOf(`slurmd.${node}`)), "SIGKILL");
      for (const pid of processesOf(folder, node)) process.kill(pid, "SIGKILL");
    },
    down: () => {
      spawnSync(join(here, "down.sh"), [folder], { stdio: "ignore" });
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Slurm's commands as they are called here: from inside the cluster's network, the calls of `squeue` counted. @returns their folder. */
function writeClients(folder: string, calls: string, network: readonly string[]): string {
  mkdirSync(folder);
  const counted = `date +%s.%N >> '${calls}'\n`;
  for (const name of [
    "squeue",
    ...(network.length > 0 ? ["sbatch", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr"] : []),
  ]) {
    const which = { encoding: "utf8", env: { ...process.env, PATH: path } } as const;
    const real = execFileSync("which", [name], which).trim();
    const words = [...network, real].map((word) => `'${word}'`).join(" ");
    writeFileSync(join(folder, name), `#!/bin/sh\n${name === "squeue" ? counted : ""}exec ${words} "$@"\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** What Slurm started on a node: its stepds, which hold the node's spool or its daemon's log open, and the processes of jobs, whose environment names the node. */
function processesOf(folder: string, node: string): number[] {
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const own = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      const ofJob = own.includes(`SLURMD_NODENAME=${node}`) && own.some((one) => one.includes(folder));
      const open = readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("slurmstepd") && filesOf(pid);
      const ofNode = open && open.some((path) => path === join(folder, "log", `slurmd.${node}.log`));
      return ofJob || ofNode ? [Number(pid)] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

const filesOf = (pid: string): string[] =>
  readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));

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
