// Words and lines of the scripts and task files that Basin writes for others to run: names of files and folders become nothing else in them.
import { fileError } from "./errors";

/** A word for a POSIX shell. */
export const shellWord = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** The same text. @throws UserError for a line break or another control character, behind which the rest of a name would be a line of its own. */
export function oneLine(text: string, what: string): string {
  if (/[\0-\x1f\x7f]/.test(text))
    throw fileError(
      JSON.stringify(text),
      `cannot stand in ${what}: its name holds a line break or another control character`,
      "Rename it.",
    );
  return text;
}
