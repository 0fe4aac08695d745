// The door of `run.json` for those who only read it: what every surface shows of a run, with true types, or why it cannot be shown.
// The run's own process checks the experiment against the schema before it trains on it.
import type { Experiment, TrainerSpec } from "../protocol/experiment";
import type { RunInfo, SweepPlace } from "../protocol/runFolder";
import type { Handle } from "../types/handle";
import { isNum, isRaw, isStep, numberOr, text, textOr, texts, type Raw } from "./decode";

/** @throws Error that says what is missing or wrong. */
export function decodeRunInfo(raw: unknown): RunInfo {
  if (!isRaw(raw)) throw new Error("is no object");
  const { sweep, branchedFrom, machine, versions, overrides, resumed, git } = raw;
  const place = isRaw(sweep) ? sweepOf(sweep) : undefined;
  return {
    schema: 1,
    id: textOr(raw.id, ""),
    experiment: experimentOf(raw.experiment),
    file: textOr(raw.file, ""),
    overrides: isRaw(overrides) ? overrides : {},
    ...(Array.isArray(raw.trained) && { trained: texts(raw.trained) }),
    ...(place && { sweep: place }),
    ...(isRaw(branchedFrom) &&
      isStep(branchedFrom.step) && {
        branchedFrom: {
          run: textOr(branchedFrom.run, ""),
          step: branchedFrom.step,
          folder: textOr(branchedFrom.folder, ""),
        },
      }),
    created: textOr(raw.created, ""),
    handle: decodeHandle(raw.handle),
    resumed: Array.isArray(resumed) ? resumed.flatMap(resumeOf) : [],
    versions: isRaw(versions) ? textsOf(versions) : {},
    machine: machineOf(isRaw(machine) ? machine : {}),
    git:
      isRaw(git) && typeof git.commit === "string"
        ? { commit: textOr(git.commit, ""), dirty: git.dirty === true }
        : null,
    ...(typeof raw.ticket === "string" && { ticket: raw.ticket }),
  };
}

/** What stands in for a run.json that cannot be read: the run is listed as damaged, by the name of its folder. */
export const damagedInfo = (name: string): RunInfo => ({
  schema: 1,
  id: name,
  experiment: experimentOf({ name, data: {}, model: {}, optimizer: { learningRate: "NaN" } }),
  file: "",
  overrides: {},
  created: "",
  handle: null,
  resumed: [],
  versions: {},
  machine: machineOf({}),
  git: null,
});

/** The keys that surfaces read are of their types; everything else is as it was written. @throws Error that says what is missing. */
export function experimentOf(raw: unknown): Experiment {
  if (!isRaw(raw)) throw new Error("has no experiment");
  const { trainer, settings, ...others } = raw;
  const { data, model, optimizer: written, stop, probes, loss } = raw;
  const script = trainerOf(trainer);
  // A script's own learning rate is known once it calls `basin.watch`.
  const optimizer = written === undefined && script ? {} : written;
  if (!isRaw(optimizer) || !(script || isNum(optimizer.learningRate)))
    throw new Error("has no optimizer.learningRate");
  const steps = isRaw(stop) ? numberOr(stop.steps, Infinity) : Infinity;
  const experiment = {
    ...others,
    ...(script && { trainer: script, settings: isRaw(settings) ? settings : {} }),
    name: textOr(raw.name, "unnamed"),
    seed: numberOr(raw.seed, 0),
    data: isRaw(data)
      ? { ...data, source: textOr(data.source, "unknown") }
      : { source: script ? "script" : "unknown" },
    model: isRaw(model) ? model : {},
    loss: textOr(loss, ""),
    // Nothing is added: a branch goes on with these settings, and each kind has keys of its own.
    optimizer: {
      ...withoutNonNumbers(optimizer, ["momentum", "weightDecay", "clip"]),
      kind: textOr(optimizer.kind, "sgd"),
      learningRate: numberOr(optimizer.learningRate, NaN),
      batchSize: typeof optimizer.batchSize === "number" ? optimizer.batchSize : "full",
    },
    stop: { ...(isRaw(stop) ? stop : {}), steps },
    probes: isRaw(probes)
      ? Object.fromEntries(Object.entries(probes).filter(([, probe]) => isRaw(probe)))
      : {},
  };
  return experiment as unknown as Experiment;
}

/** The script of the user's own that trains the run. */
const trainerOf = (raw: unknown): TrainerSpec | undefined =>
  isRaw(raw) && typeof raw.python === "string"
    ? {
        python: text(raw.python)!,
        ...(Array.isArray(raw.args) && { args: texts(raw.args) }),
        ...(typeof raw.interpreter === "string" && { interpreter: text(raw.interpreter)! }),
      }
    : undefined;

const withoutNonNumbers = (raw: Raw, keys: readonly string[]): Raw =>
  Object.fromEntries(Object.entries(raw).filter(([key, value]) => !keys.includes(key) || isNum(value)));

function sweepOf({ id, index, of }: Raw): SweepPlace | undefined {
  return typeof id === "string" && isStep(index) && isStep(of) ? { id, index, of } : undefined;
}

export function decodeHandle(raw: unknown): Handle | null {
  if (!isRaw(raw)) return null;
  const { on, host, pid, started, job, task } = raw;
  if (on === "local" && typeof host === "string" && isStep(pid))
    return { on, host, pid, started: textOr(started, "") };
  if (on === "external") return { on, host: textOr(host, "") };
  if (on === "slurm" && typeof job === "string") return { on, job, ...(isStep(task) && { task }) };
  return null;
}

function resumeOf(raw: unknown): { at: string; step: number }[] {
  return isRaw(raw) && isStep(raw.step) ? [{ at: textOr(raw.at, ""), step: raw.step }] : [];
}

const textsOf = (raw: Raw): Record<string, string> =>
  Object.fromEntries(
    Object.entries(raw).flatMap(([key, value]) => (text(value) ? [[key, text(value)!]] : [])),
  );

const machineOf = (raw: Raw): RunInfo["machine"] => ({
  platform: textOr(raw.platform, ""),
  cpu: textOr(raw.cpu, ""),
  cores: numberOr(raw.cores, 0),
  memory: numberOr(raw.memory, 0),
  host: textOr(raw.host, ""),
});
