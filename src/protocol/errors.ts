// A user's mistake, as one object that becomes an editor diagnostic, a line on the terminal, or a toast.

/** Where in a file the mistake stands. `line` and `column` count from 1; `offset` and `length` are characters. */
export interface SourcePlace {
  readonly file: string;
  /** Path of the key inside the file, e.g. "optimizer.learningRate"; absent for a file that is not JSON. */
  readonly key?: string;
  readonly line?: number;
  readonly column?: number;
  readonly offset?: number;
  readonly length?: number;
}

export interface Problem {
  readonly severity: "error" | "warning";
  /** What was found and what was expected, in one sentence. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string;
  readonly place: SourcePlace;
  /** `syntax` problems are also found by VS Code's JSON service, in its own words; all others only by our checker. */
  readonly from?: "syntax" | "check";
  /** The text that would be right in this place, where a slip of the hand is likely. */
  readonly fix?: string;
}

/** A user's mistake. Exit status 2; never shown with a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
  }
}

/** One problem as one line for a terminal: `file:line:column: key: message (hint)`. */
export function formatProblem({ place, message, hint }: Problem): string {
  const position = place.line === undefined ? "" : `:${place.line}:${place.column ?? 1}`;
  const key = place.key ? `${place.key}: ` : "";
  return `${place.file}${position}: ${key}${message}${hint ? `\n  ${hint}` : ""}`;
}

/** A mistake in or about one whole file (missing, truncated, malformed). */
export function fileError(file: string, message: string, hint?: string): UserError {
  return new UserError([{ severity: "error", message, hint, place: { file } }]);
}
