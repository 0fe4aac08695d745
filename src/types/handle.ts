// Where a run's process is: what a launcher needs to ask after it or to stop it.

export type Handle =
  | {
      readonly on: "local";
      /** Name of the machine: a process table speaks of its own machine only. */
      readonly host: string;
      readonly pid: number;
      /** Start time as the system tells it, which tells this process from a later one of the same pid; "" where it is unknown. */
      readonly started: string;
    }
  | { readonly on: "slurm"; readonly job: string; readonly task?: number }
  /** Nobody here can ask after it: it is judged by whether its log grows. */
  | { readonly on: "external"; readonly host: string };
