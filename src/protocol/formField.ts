// What a form says of each key of an experiment file, as host and page share it.
import type { Problem } from "./errors";
import type { KeyPath } from "./jsonPath";

/** `part`: an object that may be left out, whose own fields follow it where it is there. `value`: text that is read as JSON where it is JSON. */
export type FieldKind = "choice" | "boolean" | "number" | "text" | "value" | "part";

export interface FormField {
  readonly path: KeyPath;
  readonly kind: FieldKind;
  /** As text in the field: of a word the word, of all else what the file writes, on one line unless comments stand in it; null where the file does not write it. Of a part that is there "". */
  readonly written: string | null;
  /** What holds where nothing is written: another file's value, else the default. */
  readonly otherwise: string | null;
  readonly required: boolean;
  /** Of a part: whether it is there, here or in another file. */
  readonly open: boolean;
  /** Of a part: whether keys of the user's own may stand in it. */
  readonly ownKeys: boolean;
  readonly choices: readonly Choice[];
  readonly about: string;
  /** What may stand there, in words. */
  readonly expects: string;
  readonly problems: readonly FormProblem[];
  /** What was typed and may not stand there, with why; the file has what was there before. */
  readonly refused: Refusal | null;
}

/** `choice`: the only values there are; of any other field some that are usual. */
export interface Choice {
  readonly value: string;
  readonly about?: string;
}

export interface FormProblem {
  readonly severity: Problem["severity"];
  readonly message: string;
  /** Where it stands in this file: the line, from 1, and the character from the start. */
  readonly line?: number;
  readonly offset?: number;
}

export interface Refusal {
  readonly typed: string;
  readonly message: string;
}

export interface ExperimentForm {
  readonly fields: readonly FormField[];
  /** Those of no field. */
  readonly problems: readonly FormProblem[];
  /** Whether the text can be read at all; where it cannot, there are no fields. */
  readonly readable: boolean;
}
