// What a command is: a plain record that says what it needs and does.
import type { Services } from "../services";
import type { CommandId } from "./ids";

export interface Command {
  readonly id: CommandId;
  /** As in package.json, for messages. */
  readonly title: string;
  /** `trust`: runs, signals, deletes or writes something, which happens in no untrusted workspace. */
  readonly needs?: "trust";
  /** `argument` is whatever called it passed: a uri, a tree node, `{ run }`, or nothing from the palette. */
  readonly run: (services: Services, argument: unknown) => Promise<void> | void;
}
