// Submits runs that start together: one job for one run, arrays for many, each with a batch script beside the runs.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileError, UserError } from "../../protocol/errors";
import type { Experiment } from "../../protocol/experiment";
import type { RunInfo } from "../../protocol/runFolder";
import { slug } from "../../protocol/runId";
import type { Json } from "../../protocol/jsonPath";
import { schemaFindings } from "../../protocol/schemaProblems";
import { hasScript } from "../../protocol/script";
import { decodeRunInfo } from "../../record/decodeRunInfo";
import { readJson } from "../../record/disk/files";
import { slurmFolder, type SlurmHandle } from "../../record/jobs";
import { files } from "../../protocol/runFolder";
import type { Job, ProcessOptions } from "../launcher";
import { batchScript, isDistributed } from "./batchScript";
import { call, explained, SlurmError } from "./call";

/** Handed on by name, since a cluster may hand no environment on at all. */
const handedOn = ["ELECTRON_RUN_AS_NODE", "BASIN_PYTHON", "BASIN_CACHE", "BASIN_ENGINE"];

type Asked = Job & { readonly info: RunInfo };

/** For each of the jobs, in their order, where it is now, or why it was refused. */
export async function submitTogether(
  jobs: readonly Job[],
  how: ProcessOptions,
): Promise<(SlurmHandle | UserError)[]> {
  const asked = jobs.map((job): Asked => ({ ...job, info: infoIn(job.folder) }));
  const results = new Map<Job, SlurmHandle | UserError>();
  const most = await largestArray(how.env).catch(() => Infinity);
  for (const group of grouped(asked)) {
    let before: string | null = null;
    for (let at = 0; at < group.length; at += most) {
      const part = group.slice(at, at + most);
      try {
        const job: string = await submitPart(part, before, how);
        part.forEach((one, task) => results.set(one, { on: "slurm", job, ...(part.length > 1 && { task }) }));
        before = job;
      } catch (error) {
        const refused = error instanceof SlurmError ? explained(error, part[0].info.file) : error;
        if (!(refused instanceof UserError)) throw refused;
        // What Slurm refuses now it would refuse again.
        for (const one of group.slice(at)) results.set(one, refused);
        break;
      }
    }
  }
  return asked.map((one) => results.get(one)!);
}

/** @throws UserError where a node's settings are none that Basin writes: they become lines of a shell's. */
function infoIn(folder: string): RunInfo {
  const info = decodeRunInfo(readJson(join(folder, files.run)));
  checkSlurm(info.experiment, folder);
  return info;
}

/** Options that the batch script says itself, and relies on → what says them instead. */
const ownOptions: readonly (readonly [RegExp, string])[] = [
  [/^(--array\b|-a)/, "A sweep becomes an array by itself, `launch.concurrency` tasks at a time."],
  [/^--signal\b/, "Say when with `launch.slurm.warning`."],
  [/^--(no-)?requeue\b/, "Say how often with `launch.slurm.requeues`, 0 for never."],
  [/^--wrap\b/, "Lines of shell before the run stand in `launch.slurm.setup`."],
];

/** @throws UserError for settings that no job can have. */
function checkSlurm(experiment: Experiment, about: string): void {
  const { nodes = 1, args = [] } = experiment.launch.slurm ?? {};
  const wrong = schemaFindings({ launch: experiment.launch as unknown as Json }).find(
    ({ path, severity }) => path[0] === "launch" && severity === "error",
  );
  if (wrong) throw fileError(about, wrong.message, wrong.hint);
  for (const [option, instead] of ownOptions) {
    const given = args.find((word) => option.test(word));
    if (given !== undefined)
      throw fileError(about, `gives ${given} in \`launch.slurm.args\`, which Basin says itself`, instead);
  }
  if (nodes > 1 && !hasScript(experiment))
    throw fileError(
      about,
      `asks for ${nodes} nodes, and Basin's own trainer works on one`,
      "Leave `launch.slurm.nodes` out; a Python script may use several.",
    );
}

/** Those that can be tasks of one array, in their order. */
function grouped(asked: readonly Asked[]): Asked[][] {
  const groups = new Map<string, Asked[]>();
  for (const one of asked) {
    const { experiment, file } = one.info;
    const key = JSON.stringify([one.command, experiment.launch, hasScript(experiment), file]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Tasks that an array of this cluster may have. */
async function largestArray(env?: NodeJS.ProcessEnv): Promise<number> {
  const text = await call("scontrol", ["show", "config"], { env });
  const most = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(text)?.[1]);
  return most > 1 ? most : Infinity;
}

/**
 * @param before  The array before this one of the same sweep: this one begins when that has ended, so that no more train at a time than
 *   asked for.
 * @returns the job's id. @throws SlurmError, or the disk's error.
 */
async function submitPart(
  part: readonly Asked[],
  before: string | null,
  how: ProcessOptions,
): Promise<string> {
  const [{ folder, info, command, claim }] = part;
  const { experiment, file } = info;
  const runsDir = dirname(folder);
  const place = join(runsDir, slurmFolder);
  mkdirSync(place, { recursive: true });
  const base = `${basename(folder)}${command === "resume" ? `-resume-${claim}` : ""}`;
  const env = { ...(how.env ?? process.env) };
  const text = batchScript({
    name: slug(experiment.name) || "run",
    runs: part,
    command,
    concurrency: experiment.launch.concurrency ?? 1,
    slurm: experiment.launch.slurm ?? {},
    script: hasScript(experiment),
    workingFolder: dirname(file),
    output: outputOf(part, place, base),
    execPath: how.execPath ?? process.execPath,
    runScript: how.runScript,
    env: Object.fromEntries(handedOn.flatMap((key) => (env[key] === undefined ? [] : [[key, env[key]]]))),
  });
  const path = join(place, `${base}.sh`);
  rmSync(path, { force: true });
  writeFileSync(path, text, { flag: "wx", mode: 0o755 });
  const after = before === null ? [] : [`--dependency=afterany:${before}`];
  const said = await call("sbatch", ["--parsable", ...after, path], { env });
  // "41" or "41;cluster"; some sites greet first.
  const job = /^(\d+)(?:;\S*)?\s*$/m.exec(said)?.[1];
  if (job === undefined) throw new SlurmError("sbatch", "refused", said);
  return job;
}

/** Where Slurm writes what it has to say itself: in each run's folder. A task knows its number alone: a link of that name leads there. */
function outputOf(part: readonly Asked[], place: string, base: string): string {
  const plain = (path: string): string => path.replaceAll("%", "%%");
  if (part.length === 1) return join(plain(part[0].folder), "slurm-%j.log");
  const links = join(place, base);
  try {
    rmSync(links, { recursive: true, force: true });
    mkdirSync(links);
    part.forEach(({ folder }, i) => symlinkSync(relative(links, folder), join(links, String(i)), "dir"));
    return join(plain(links), "%a", "slurm-%A_%a.log");
  } catch {
    return join(plain(place), "slurm-%A_%a.log");
  }
}

/**
 * Asks Slurm whether it would take a job like these, before anything is made. One call for each kind of job.
 *
 * @throws UserError that says what is wrong, and what to do.
 */
export async function checkTogether(
  runs: readonly { readonly experiment: Experiment; readonly file: string }[],
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  const seen = new Set<string>();
  for (const { experiment, file } of runs) {
    const slurm = experiment.launch.slurm ?? {};
    const key = JSON.stringify(slurm);
    if (seen.has(key)) continue;
    seen.add(key);
    checkSlurm(experiment, file);
    const text = batchScript({
      name: slug(experiment.name) || "run",
      runs: [{ folder: dirname(file), claim: 1 }],
      command: "start",
      concurrency: 1,
      slurm,
      script: hasScript(experiment) && isDistributed(slurm),
      workingFolder: dirname(file),
      output: "/dev/null",
      execPath: process.execPath,
      runScript: "run.js",
      env: {},
    });
    try {
      await call("sbatch", ["--test-only"], { env, input: text });
    } catch (error) {
      throw error instanceof SlurmError ? explained(error, file) : error;
    }
  }
}
