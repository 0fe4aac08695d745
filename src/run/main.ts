// Entry of the run process: `start FOLDER [CLAIM]`, `resume FOLDER [CLAIM]`; `measure`, `escape`, asked over standard input; `doctor`.
import { EngineMissing, inspectEngines } from "../engines";
import { UserError } from "../protocol/errors";
import { readRequest } from "./askedBy";
import { holdFolder } from "./claim";
import { DiskFull, withDiskFull } from "./diskFull";
import { escape } from "./escape";
import { measure } from "./measure";
import { resume, start } from "./start";

async function main([command, ...args]: readonly string[]): Promise<number> {
  switch (command) {
    case "start":
    case "resume":
      hold(args[0], args[1]);
      return command === "start" ? start(args[0]) : resume(args[0]);
    case "measure":
      await measure(readRequest());
      return 0;
    case "escape":
      await escape(readRequest());
      return 0;
    case "doctor":
      process.stdout.write(`${JSON.stringify(await inspectEngines())}\n`);
      return 0;
    default:
      throw new Error(`internal: unknown command ${command}`);
  }
}

function hold(folder: string, claim: string | undefined): void {
  try {
    holdFolder(folder, claim);
  } catch (error) {
    throw withDiskFull(error, folder, 0);
  }
}

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
