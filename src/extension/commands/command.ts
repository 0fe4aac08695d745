// What a command is: a plain record that says what it needs and does.
import type { Services } from "../services";
import type { CommandId } from "./ids";

export interface Command {
  readonly id: CommandId;
  /** As in package.json, for messages. */
  readonly title: string;
  /** `trust`: starts a process, which an untrusted workspace never may. */
  readonly needs?: "trust";
  /** `argument` is whatever called it passed: a uri, a tree node, `{ run }`, or nothing from the palette. */
  readonly run: (services: Services, argument: unknown) => Promise<void> | void;
}
