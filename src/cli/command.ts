// The shape of a subcommand. Each is one file; the registry in commands.ts lists them.
import type { Arguments, OptionSpec } from "./arguments";

export interface Command {
  readonly name: string;
  /** What follows `basin NAME`, e.g. "FILE… [--json]". */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** More for `basin NAME --help`. */
  readonly details?: string;
  readonly options: readonly OptionSpec[];
  /** How many words it takes besides options. */
  readonly words: { readonly least: number; readonly most: number; readonly what: string };
  /** Does the work. Returns the exit status. @throws UserError for a user's mistake. */
  run(given: Arguments): Promise<number>;
}

/** Exit statuses of the contract. */
export const exit = { done: 0, failed: 1, badInput: 2, flagged: 3, interrupted: 130 } as const;
