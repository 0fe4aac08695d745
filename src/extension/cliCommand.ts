// The call of the command line that does what a run did. Pure.
import { shellWord } from "../protocol/shellText";

export interface CallOf {
  readonly file: string;
  /** Settings that differ from the file, by key path. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** For a branch: the run it started from, and the step. */
  readonly branchedFrom?: { readonly run: string; readonly step: number };
  /** Where its runs go, where that is not the usual place. */
  readonly runs?: string;
}

export function cliCommand({ file, overrides = {}, branchedFrom, runs }: CallOf): string {
  const words = branchedFrom
    ? ["branch", branchedFrom.run, "--step", String(branchedFrom.step)]
    : ["run", file];
  const settings = Object.entries(overrides).flatMap(([key, value]) => ["--set", `${key}=${textOf(value)}`]);
  return ["basin", ...words, ...settings, ...(runs === undefined ? [] : ["--runs", runs])]
    .map(quoted)
    .join(" ");
}

/** The call that starts a script as it was started by itself. */
export const scriptCommand = (file: string, args: readonly string[]): string =>
  ["python", file, ...args].map(quoted).join(" ");

/** As `--set` reads it: JSON, or a bare word that is none. */
function textOf(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
    return JSON.stringify(value);
  } catch {
    return value;
  }
}

/** In single quotes where a POSIX shell would read more into it. */
const quoted = (word: string): string => (/^[\w./:=@%+,-]+$/.test(word) ? word : shellWord(word));
