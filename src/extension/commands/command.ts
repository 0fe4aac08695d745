// What a command is: a plain record that says what it needs and does.
import type { TrainingServices } from "../services";
import type { CommandId } from "./ids";

/** @typeParam S What it works with; one that only looks asks for less. */
export interface Command<S = TrainingServices> {
  readonly id: CommandId;
  /** As in package.json, for messages. */
  readonly title: string;
  /** `trust`: runs, signals, deletes or writes something, which happens in no untrusted workspace. */
  readonly needs?: "trust";
  /** `argument` is whatever called it passed: a uri, a tree node, `{ run }`, or nothing from the palette. */
  readonly run: (services: S, argument: unknown) => Promise<void> | void;
}
