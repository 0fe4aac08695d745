// The batch script that a submission leaves in the runs folder: read by people, and run by Slurm on the node. Pure.
import type { Experiment } from "../../protocol/experiment";
import { memoryBytes } from "../../protocol/memory";
import { oneLine, shellWord } from "../../protocol/shellText";

export type SlurmSpec = NonNullable<Experiment["launch"]["slurm"]>;

/** What the schema's texts say of keys that are not given. */
const defaults = { warning: 90, requeues: 20 } as const;

/** One run of a submission. */
interface ScriptedRun {
  readonly folder: string;
  /** Number of the claim that its process takes over. */
  readonly claim: number;
}

export interface BatchScript {
  readonly name: string;
  /** In the order of the array's tasks. */
  readonly runs: readonly ScriptedRun[];
  readonly command: "start" | "resume";
  readonly concurrency: number;
  readonly slurm: SlurmSpec;
  /** Whether the script of the user's own runs on several processes. */
  readonly script: boolean;
  readonly workingFolder: string;
  /** Pattern of what Slurm itself says, e.g. "…/slurm-%A_%a.log". */
  readonly output: string;
  readonly execPath: string;
  readonly runScript: string;
  /** Variables that reach the run even where the cluster hands none on. */
  readonly env: Readonly<Record<string, string>>;
}

/** A word on an `#SBATCH` line, where quotes group as in a shell. @throws UserError for what is no line. */
const option = (text: string): string =>
  /^[\w@%+=:,./[\]-]+$/.test(text) ? text : shellWord(oneLine(text, "a batch script"));

const megabytes = (memory: string): number => Math.ceil(memoryBytes(memory) / 2 ** 20);

/** The `#SBATCH` options, a line each; those that the user gives come last and win. */
function options({ name, runs, concurrency, slurm, output, workingFolder }: BatchScript): string[] {
  const { partition, time, cpus, gpus, memory, nodes = 1, args = [] } = slurm;
  const { warning, requeues } = { ...defaults, ...slurm };
  return [
    `--job-name=basin-${name}`,
    ...(runs.length > 1 ? [`--array=0-${runs.length - 1}%${concurrency}`] : []),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    `--nodes=${nodes}`,
    "--ntasks-per-node=1",
    ...(cpus === undefined ? [] : [`--cpus-per-task=${cpus}`]),
    ...(gpus === undefined ? [] : [`--gres=gpu:${gpus}`]),
    ...(memory === undefined ? [] : [`--mem=${megabytes(memory)}M`]),
    `--chdir=${workingFolder}`,
    `--output=${output}`,
    "--open-mode=append",
    `--signal=B:USR2@${warning}`,
    requeues > 0 ? "--requeue" : "--no-requeue",
    ...args,
  ].map((text) => `#SBATCH ${option(text)}`);
}

/** Whether the user's script runs in several processes, which `torchrun` starts. */
export const isDistributed = ({ nodes = 1, gpus = 1 }: SlurmSpec): boolean => nodes > 1 || gpus > 1;

/**
 * The line that starts a script on every node. `python` stands for the interpreter that the run process finds, which puts the script
 * and its arguments behind. As `torchrun`, which is this module under another name, and perhaps another Python's.
 */
function torchrun({ nodes = 1, gpus = 1, cpus }: SlurmSpec): string[] {
  const srun = `srun --nodes=${nodes} --ntasks=${nodes} --ntasks-per-node=1 --kill-on-bad-exit=1${cpus === undefined ? "" : ` --cpus-per-task=${cpus}`}`;
  // On one node its processes meet on a port that is free, whatever the node's name resolves to.
  const meeting =
    nodes === 1
      ? "--standalone"
      : "--rdzv-id=$SLURM_JOB_ID --rdzv-backend=c10d --rdzv-endpoint=$head:$((20000 + SLURM_JOB_ID % 10000))";
  return [
    "# One run on several processes: how its script is started. `python` stands for the interpreter of the experiment.",
    ...(nodes === 1 ? [] : ['head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)']),
    `export BASIN_TORCHRUN="${srun} python -m torch.distributed.run --nnodes=${nodes} --nproc-per-node=${gpus} ${meeting}"`,
    "",
  ];
}

export function batchScript(parts: BatchScript): string {
  const { runs, command, slurm, env, execPath, runScript, script } = parts;
  const { requeues } = { ...defaults, ...slurm };
  const list = (name: string, words: readonly string[]): string =>
    words.length === 1
      ? `${name}=(${words[0]})`
      : `${name}=(\n${words.map((word) => `  ${word}`).join("\n")}\n)`;
  const lines = [
    "#!/bin/bash",
    `# Written by Basin, for ${runs.length === 1 ? "one run" : `${runs.length} runs, a task of the array each`}. Nothing reads it again: changes here concern nobody.`,
    ...options(parts),
    "",
    list(
      "folders",
      runs.map(({ folder }) => shellWord(folder)),
    ),
    list(
      "claims",
      runs.map(({ claim }) => String(claim)),
    ),
    "i=${SLURM_ARRAY_TASK_ID:-0}",
    "folder=${folders[$i]}",
    "restarts=${SLURM_RESTART_COUNT:-0}",
    `most=${requeues}`,
    "",
    ...Object.entries(env).map(([key, value]) => `export ${key}=${shellWord(value)}`),
    'export BASIN_SLURM_JOB="${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}|${SLURM_ARRAY_TASK_ID:-}|$restarts"',
    ...(slurm.setup ?? []),
    "",
    ...(script && isDistributed(slurm) ? torchrun(slurm) : []),
    'if [ ! -d "$folder" ]; then',
    '  echo "$folder is not there on $(hostname): runs must lie on a disk that the nodes share with the login node." >&2',
    "  exit 1",
    "fi",
    'if [ "$restarts" -gt "$most" ]; then',
    '  echo "Slurm: put back into the queue $restarts times, more than launch.slurm.requeues allows ($most)." >> "$folder/run.log"',
    "  exit 1",
    "fi",
    `command=${command}`,
    '[ "$restarts" -eq 0 ] || command=resume',
    "",
    "# Before the time limit Slurm signals this shell alone. The run then writes a checkpoint and leaves; where it may not go on in",
    "# another stretch, it is asked to stop, with a verdict.",
    "left=",
    "run=",
    "leave() {",
    "  left=limit",
    '  if [ "$restarts" -ge "$most" ]; then touch "$folder/stop"; elif [ -n "$run" ]; then kill -USR2 "$run"; fi',
    "}",
    "trap leave USR2",
    "# Everything in the job gets this one: preempted, cancelled, out of time.",
    "trap 'left=${left:-ended}' TERM",
    "",
    `${shellWord(execPath)} ${shellWord(runScript)} "$command" "$folder" "\${claims[$i]}" >> "$folder/run.log" 2>&1 &`,
    "run=$!",
    "# The signal came before there was anybody to tell.",
    '[ "$left" != limit ] || leave',
    'while kill -0 "$run" 2> /dev/null; do wait "$run"; done',
    'wait "$run"',
    "status=$?",
    "",
    "# 75: it has left its place. 140, 143: the signal came before it listened. Whatever else has ended stays ended.",
    '[ -n "$left" ] && [ "$restarts" -lt "$most" ] || exit "$status"',
    'case "$status" in 75 | 140 | 143) ;; *) exit "$status" ;; esac',
    'if [ "$left" = ended ]; then',
    "  # Cancelled by somebody, or out of time: it stays so.",
    '  scontrol -o show job "$SLURM_JOB_ID" | grep -q "PreemptTime=[0-9]" || exit "$status"',
    "fi",
    'scontrol requeue "$SLURM_JOB_ID"',
    'exit "$status"',
  ];
  return `${lines.join("\n")}\n`;
}
