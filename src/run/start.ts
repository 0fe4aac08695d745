// One run from request to verdict, in its own process; and its resume after any kind of end.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileError } from "../protocol/errors";
import { stringify } from "../protocol/numbers";
import { files, stopFile, type RunInfo } from "../protocol/runFolder";
import { EventLog } from "../record/disk/eventLog";
import { writeAtomic } from "../record/disk/files";
import { loadCheckpoint, newestCheckpoint } from "../trainers/basin/checkpoint";
import { engineOf } from "../trainers/basin/engineOf";
import { Problem } from "../trainers/basin/problem";
import { branchState, slotsOf } from "./branch";
import { describeSelf } from "./describeSelf";
import { withDiskFull } from "./diskFull";
import { Interrupt } from "./interrupt";
import { readInfo } from "./runInfo";
import { Session, type SessionParts } from "./session";

/** What the process's exit status says. */
export type Status = 0 | 130;

const writeInfo = (folder: string, info: RunInfo): void =>
  writeAtomic(join(folder, files.run), `${stringify(info, 2)}\n`);

/** Starts the new run that the run.json in `folder` asks for. */
export async function start(folder: string): Promise<Status> {
  const interrupt = new Interrupt();
  interrupt.watch(join(folder, stopFile));
  const asked = readInfo(folder);
  const { experiment, file, branchedFrom: from } = asked;
  const prepare = async (log: EventLog): Promise<SessionParts> => {
    const info: RunInfo = { ...asked, ...(await describeSelf(file)) };
    writeInfo(folder, info);
    mkdirSync(join(folder, files.checkpoints), { recursive: true });
    const problem = await Problem.load(experiment, file, await engineOf(experiment, file));
    writeInfo(folder, { ...info, trained: problem.trained });
    const saved = from ? branchState(from.folder, from.step, problem) : null;
    return { problem, folder, id: asked.id, log, interrupt, saved };
  };
  return recorded(folder, prepare, true);
}

/** Goes on from the newest checkpoint. @throws UserError when the folder has none or its run.json is unreadable. */
export async function resume(folder: string): Promise<Status> {
  const interrupt = new Interrupt();
  interrupt.watch(join(folder, stopFile));
  const old = readInfo(folder);
  const path = newestCheckpoint(join(folder, files.checkpoints));
  if (!path)
    throw fileError(
      join(folder, files.checkpoints),
      "holds no checkpoint",
      "The run ended before its first one; start it anew with `basin run`.",
    );
  const prepare = async (log: EventLog): Promise<SessionParts> => {
    const problem = await Problem.load(old.experiment, old.file, await engineOf(old.experiment, old.file));
    const saved = loadCheckpoint(path, problem, slotsOf(old.experiment));
    const resumed = [...old.resumed, { at: new Date().toISOString(), step: saved.step }];
    writeInfo(folder, { ...old, ...(await describeSelf(old.file)), resumed });
    return { problem, folder, id: old.id, log, interrupt, saved };
  };
  return recorded(folder, prepare, false);
}

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
    return reason === "interrupted" ? 130 : 0;
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
