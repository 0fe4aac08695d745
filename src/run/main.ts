// Entry of the run process and of its readings' thread: `start FOLDER [CLAIM]`, `resume FOLDER [CLAIM]`; `judge FOLDER`; `measure`, `escape`, `explain`, `explore`, `suggest`, asked over standard input; `doctor`, and `prove ENGINE THREADS`, which those ask that open a GPU.
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { EngineMissing, inspectEngines } from "../engines";
import { UserError } from "../protocol/errors";
import { tensorflowFolder } from "../protocol/cacheFolder";
import { stringify } from "../protocol/numbers";
import { stopFile } from "../protocol/runFolder";
import { proofApart, proveHere } from "../trainers/basin/proofApart";
import { readRequest } from "./askedBy";
import { holdFolder } from "./claim";
import { DiskFull, withDiskFull } from "./diskFull";
import { escape } from "./escape";
import { explain } from "./explain";
import { explore } from "./explore";
import { Interrupt } from "./interrupt";
import { ownJob } from "./job";
import { judgeRun } from "./judging/judgeFolder";
import { measure } from "./measure";
import { measureBeside } from "./readings/worker";
import { resume, start, type Status } from "./start";
import { suggest } from "./suggest";

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case "start":
    case "resume":
      return train(command, args[0], args[1]);
    case "measure":
      await measure(readRequest());
      return 0;
    case "escape":
      await escape(readRequest());
      return 0;
    case "judge":
      process.stdout.write(`${stringify(await judgeRun(args[0]))}\n`);
      return 0;
    case "explore":
      await explore(readRequest());
      return 0;
    case "explain":
      await explain(readRequest());
      return 0;
    case "suggest":
      await suggest(readRequest());
      return 0;
    case "doctor":
      process.stdout.write(
        `${JSON.stringify(await inspectEngines({ tensorflow: tensorflowFolder(), prove: proofApart() }))}\n`,
      );
      return 0;
    case "prove":
      await proveHere(args);
      return 0;
    default:
      throw new Error(`internal: unknown command ${command}`);
  }
}

/** Listens before it holds the folder: who reads there that a run trains may ask it to stop at once. */
function train(command: "start" | "resume", folder: string, claim: string | undefined): Promise<Status> {
  const interrupt = new Interrupt(ownJob !== null);
  try {
    holdFolder(folder, claim);
  } catch (error) {
    throw withDiskFull(error, folder, 0);
  }
  interrupt.watch(join(folder, stopFile));
  return command === "start" ? start(folder, interrupt) : resume(folder, interrupt);
}

/** Answers the request of this process, which ends with it. */
function answer(): void {
  main(process.argv.slice(2)).then(
    (status) => process.exit(status),
    (error: unknown) => {
      // A user's mistake is one message; a stack is for our own.
      const mistake = error instanceof UserError || error instanceof EngineMissing;
      const told = mistake || error instanceof DiskFull;
      process.stderr.write(
        `${told ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exit(mistake ? 2 : 1);
    },
  );
}

// A second thread of the process loads this file too: an error there is one of the thread that trains.
if (isMainThread) answer();
else void measureBeside();
