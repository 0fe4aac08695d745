// Entry of the run process: `start FOLDER REQUEST`, `resume FOLDER`, `measure REQUEST`, `escape REQUEST`, `doctor`.
import { EngineMissing, inspectEngines } from "../engines";
import { UserError } from "../protocol/errors";
import type { RunRequest } from "../protocol/request";
import { DiskFull } from "./diskFull";
import { escape } from "./escape";
import { measure } from "./measure";
import { endWithParent } from "./parentPipe";
import { resume, start } from "./start";

/** Given by whoever waits for the answer: without them there is nobody to tell it to. */
const parentPipe = "--parent-pipe";

async function main(words: readonly string[]): Promise<number> {
  const [command, ...args] = words.filter((word) => word !== parentPipe);
  if (words.includes(parentPipe)) endWithParent(process.stdin);
  switch (command) {
    case "start":
      return start(args[0], JSON.parse(args[1]) as RunRequest);
    case "resume":
      return resume(args[0]);
    case "measure":
      await measure(JSON.parse(args[0]) as RunRequest);
      return 0;
    case "escape":
      await escape(JSON.parse(args[0]) as RunRequest);
      return 0;
    case "doctor":
      process.stdout.write(`${JSON.stringify(await inspectEngines())}\n`);
      return 0;
    default:
      throw new Error(`internal: unknown command ${command}`);
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
