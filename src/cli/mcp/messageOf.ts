// What a client is told of a failure: a user's mistake in full, anything else without its stack, which goes to stderr for us.
import { UserError } from "../../protocol/errors";
import { warn } from "../show/print";

const longest = 4000;

export function messageOf(error: unknown): string {
  if (error instanceof UserError) return error.message.slice(0, longest);
  const text = error instanceof Error ? error.message : String(error);
  if (process.env.BASIN_DEBUG === "1" && error instanceof Error) warn(`${error.stack}\n`);
  return `Basin failed: ${text.slice(0, longest)}`;
}
