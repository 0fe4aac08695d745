// What is inserted into a script so that Basin watches its training, or the reason why nothing is.
import type { Span } from "./pythonText";

export interface Insertion {
  /** The beginning of a line, or the end of the text. */
  readonly offset: number;
  readonly text: string;
}

export type Inserted =
  /** `loop`: the lines of the loop that is watched then. */
  { readonly insertions: readonly Insertion[]; readonly loop: Span } | { readonly refused: string };

/** Why nothing is inserted, to follow "Basin cannot …: ". */
export class Refused extends Error {}

export function refuse(why: string): never {
  throw new Refused(why);
}
