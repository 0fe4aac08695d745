// One run from request to verdict, in its own process; and its resume after any kind of end.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../protocol/errors";
import type { EndReason } from "../protocol/events";
import { stringify } from "../protocol/numbers";
import { files, type RunInfo } from "../protocol/runFolder";
import { hasScript, type ScriptExperiment } from "../protocol/script";
import { EventLog } from "../record/disk/eventLog";
import { writeAtomic } from "../record/disk/files";
import { EventTail } from "../record/disk/tail";
import { hasCheckpoint, loadNewest } from "../trainers/basin/checkpoint";
import { engineOf } from "../trainers/basin/engineOf";
import { Problem } from "../trainers/basin/problem";
import { branchState, slotsOf } from "./branch";
import { describeSelf } from "./describeSelf";
import { withDiskFull } from "./diskFull";
import { leftStatus, type Interrupt } from "./interrupt";
import { readInfo } from "./runInfo";
import { Session, type SessionParts } from "./session";
import { savedState } from "./script/savedState";
import { trainScript } from "./script/trainScript";

/** What the process's exit status says. */
export type Status = 0 | 1 | typeof leftStatus | 130;

const writeInfo = (folder: string, info: RunInfo): void =>
  writeAtomic(join(folder, files.run), `${stringify(info, 2)}\n`);

/** Starts the new run that the run.json in `folder` asks for. */
export async function start(folder: string, interrupt: Interrupt): Promise<Status> {
  const asked = readInfo(folder, { checked: true });
  if (isScript(asked)) return script(folder, asked, interrupt, false);
  return recorded(folder, (log) => anew(folder, asked, { log, interrupt }), true);
}

type Process = Pick<SessionParts, "log" | "interrupt">;

/** The first step of a run. */
async function anew(
  folder: string,
  asked: RunInfo,
  { log, interrupt }: Process,
  again = false,
): Promise<SessionParts> {
  const { experiment, file, branchedFrom: from } = asked;
  // While git answers, the engine loads; what it has to say is heard below.
  const engine = engineOf(experiment, file);
  engine.catch(() => undefined);
  const info: RunInfo = { ...asked, ...(await describeSelf(file)) };
  writeInfo(folder, info);
  mkdirSync(join(folder, files.checkpoints), { recursive: true });
  const problem = await Problem.load(experiment, file, await engine);
  writeInfo(folder, { ...info, trained: problem.trained });
  const saved = from ? branchState(from.folder, from.step, problem) : null;
  return { problem, folder, id: asked.id, log, interrupt, saved, again };
}

/**
 * Goes on from the newest checkpoint that is whole; a run that ended before its first one begins again.
 *
 * @throws UserError when run.json is unreadable, every checkpoint is damaged, or those that the log tells of are gone.
 */
export async function resume(folder: string, interrupt: Interrupt): Promise<Status> {
  const old = readInfo(folder);
  if (isScript(old)) return script(folder, old, interrupt, true);
  const checkpoints = join(folder, files.checkpoints);
  try {
    mkdirSync(checkpoints, { recursive: true });
  } catch (error) {
    throw withDiskFull(error, folder, 0);
  }
  const again = !hasCheckpoint(checkpoints);
  if (again && toldOfCheckpoint(folder))
    throw fileError(
      checkpoints,
      "holds no checkpoint, though the run had written some",
      "Put them back, or start the experiment anew with `basin run`.",
    );
  const resumed = (step: number): RunInfo => ({
    ...old,
    resumed: [...old.resumed, { at: new Date().toISOString(), step }],
  });
  const prepare = async (log: EventLog): Promise<SessionParts> => {
    if (again) return anew(folder, resumed(0), { log, interrupt }, true);
    const problem = await Problem.load(old.experiment, old.file, await engineOf(old.experiment, old.file));
    const damage: string[] = [];
    const saved = loadNewest(checkpoints, problem, slotsOf(old.experiment), (found) => damage.push(found))!;
    const notes = damage.map((found) => `${found}; goes on from step ${saved.step}.`);
    for (const note of notes) process.stderr.write(`${checkpoints}: ${note}\n`);
    writeInfo(folder, { ...resumed(saved.step), ...(await describeSelf(old.file)) });
    return { problem, folder, id: old.id, log, interrupt, saved, notes };
  };
  return recorded(folder, prepare, false);
}

type ScriptInfo = RunInfo & { readonly experiment: ScriptExperiment };

const isScript = (info: RunInfo): info is ScriptInfo => hasScript(info.experiment);

/** A run that a script trains: from its beginning, or from the newest state that it has saved. */
async function script(
  folder: string,
  asked: ScriptInfo,
  interrupt: Interrupt,
  resumes: boolean,
): Promise<Status> {
  const { branchedFrom: from } = asked;
  const own = resumes ? savedState(folder) : null;
  const saved = own ?? (from ? savedState(from.folder, from.step) : null);
  const entry = { at: new Date().toISOString(), step: own?.step ?? 0 };
  const info: ScriptInfo = {
    ...asked,
    ...(resumes && { resumed: [...asked.resumed, entry] }),
    ...(await describeSelf(asked.file)),
  };
  writeInfo(folder, info);
  const goesOn = resumes || from !== undefined;
  if (goesOn && !saved)
    process.stdout.write("The script has saved no state (`probe.save`): it starts anew.\n");
  const { reason } = await trainScript({ folder, info, interrupt, state: saved?.path ?? null, goesOn });
  return statusOf(reason, interrupt);
}

function statusOf(reason: EndReason, interrupt: Interrupt): Status {
  if (reason === "interrupted") return interrupt.leaving ? leftStatus : 130;
  return reason === "error" ? 1 : 0;
}

/** Whether the log says that there was a checkpoint. */
function toldOfCheckpoint(folder: string): boolean {
  const tail = new EventTail(join(folder, files.events));
  for (let slice = tail.read(sliceBytes); ; slice = tail.read(sliceBytes)) {
    if (slice.events.some(({ kind }) => kind === "checkpoint")) return true;
    if (!slice.more) return false;
  }
}

const sliceBytes = 2 ** 20;

/** Runs a session over the folder's log. However it ends, the log says so and says at which step, as long as it can be written. */
async function recorded(
  folder: string,
  prepare: (log: EventLog) => Promise<SessionParts>,
  isNew: boolean,
): Promise<Status> {
  let log: EventLog | null = null;
  let session: Session | null = null;
  try {
    log = new EventLog(join(folder, files.events));
    const prepared = await prepare(log);
    session = await Session.open(prepared);
    const { reason } = await session.run();
    log.close();
    return statusOf(reason, prepared.interrupt);
  } catch (error) {
    const [step, time] = [session?.step ?? 0, session?.time ?? 0];
    // A resume that does not get to its first step changes nothing: the log's last end still holds.
    if (log && (session || isNew)) endInError(log, step, time);
    throw withDiskFull(error, folder, step);
  }
}

/** The last thing that can be said; where not even that can be written, the folder looks like that of a killed run, which it is. */
function endInError(log: EventLog, step: number, time: number): void {
  try {
    log.add({ kind: "end", step, time, reason: "error" });
    log.close();
  } catch {
    // The error that brought us here says more.
  }
}
