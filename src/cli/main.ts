// Entry of `basin`: finds the subcommand, runs it, turns mistakes into messages and exit statuses.
import { version } from "../../package.json";
import { formatProblem, UserError } from "../protocol/errors";
import { suggest } from "../protocol/suggest";
import { parseArguments, usageError } from "./arguments";
import { exit } from "./command";
import { commands } from "./commands";
import { helpFor, overview } from "./help";
import { print, warn } from "./show/print";

async function main([name, ...rest]: readonly string[]): Promise<number> {
  if (name === undefined || name === "help" || name === "--help" || name === "-h") return help(rest[0]);
  if (name === "--version" || name === "-v" || name === "version") return printLine(version);
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw unknownCommand(name);
  const given = parseArguments(name, rest, command.options);
  if (given.has("help")) return printLine(helpFor(command));
  const { least, most, what } = command.words;
  if (given.words.length < least)
    throw usageError(name, `expects ${what}`, `basin ${name} ${command.usage}`.trim());
  if (given.words.length > most)
    throw usageError(name, `unexpected "${given.words[most]}"`, `basin ${name} ${command.usage}`.trim());
  return command.run(given);
}

function help(name: string | undefined): number {
  if (name === undefined || name.startsWith("-")) return printLine(overview(commands));
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) throw unknownCommand(name);
  return printLine(helpFor(command));
}

function printLine(text: string): number {
  print(`${text}\n`);
  return exit.done;
}

function unknownCommand(name: string): UserError {
  const names = commands.map((command) => command.name);
  const meant = suggest(name, names);
  const isOption = name.startsWith("-");
  const hint = meant ? `Did you mean "${meant}"?` : `Commands: ${names.join(", ")}.`;
  return usageError("", isOption ? `unknown option ${name}` : `unknown command "${name}"`, hint);
}

// Whoever read our output is gone (`basin list | head`): a run that we wait for is asked to stop, anything else just ends.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  if (!process.emit("SIGTERM", "SIGTERM")) process.exit(exit.done);
});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const user = error instanceof UserError;
    const text = user
      ? error.problems.map(formatProblem).join("\n")
      : `basin: ${error instanceof Error ? error.message : String(error)}`;
    warn(`${text}\n`);
    if (process.env.BASIN_DEBUG === "1" && error instanceof Error) warn(`${error.stack}\n`);
    process.exitCode = user ? exit.badInput : exit.failed;
  },
);
