// A task of type `basin` as a call of the command line. Pure.

/** As tasks.json writes it. */
export interface BasinTask {
  readonly file: string;
  /** Settings that differ from the file, each "key.path=value". */
  readonly set?: readonly string[];
  /** Whether the task fails when a learning rate breaks linear stability. */
  readonly check?: boolean;
}

export const taskName = ({ file, set = [] }: BasinTask): string => ["run", file, ...set].join(" ");

/** @param runs  Where its runs go. */
export const taskArguments = ({ file, set = [], check = false }: BasinTask, runs: string): string[] => [
  "run",
  file,
  ...set.flatMap((one) => ["--set", one]),
  "--runs",
  runs,
  ...(check ? ["--check"] : []),
];
