// Several readers in one process follow the same growing log (list, panel, pictures between the lines): what one of them has decoded the others need not.
import type { RunEvent } from "../protocol/events";
import { decodeLine } from "./decodeEvent";

/** Lines of a generation. Two are kept, so that readers a second apart share those of a run that writes thousands a second. */
const most = 4096;
/** Characters; what is longer is rare, and kept by nobody. */
const longest = 4096;

let young = new Map<string, RunEvent>();
let old = young;

/** As `decodeLine`, which a line that was met shortly before costs a fifth of; events are never changed, so that one may be had by several. */
export function decodeRecent(line: string): ReturnType<typeof decodeLine> {
  const known = young.get(line) ?? old.get(line);
  if (known) return known;
  const event = decodeLine(line);
  if (typeof event === "string" || line.length > longest) return event;
  // Generations and not one queue: to find a map's oldest entry takes ever longer while entries leave it.
  if (young.size >= most) [old, young] = [young, new Map<string, RunEvent>()];
  young.set(line, event);
  return event;
}
