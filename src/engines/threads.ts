// How many threads an operation is spread over where nobody says.
import { availableParallelism } from "node:os";

/** All cores but one where there are more than two: the editor, the disk and the run's own loop keep one. */
export const defaultThreads = (cores = availableParallelism()): number => (cores > 2 ? cores - 1 : cores);
