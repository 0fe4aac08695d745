// An experiment's text with one probe more, comments and everything else as it was.
import { findNodeAtLocation, parseTree, type Node } from "jsonc-parser";
import schema from "./basin.schema.json";
import type { ProbesSpec } from "./experiment";

export type ProbeId = keyof ProbesSpec;

const { properties } = schema.definitions.probes;

export const isProbeId = (name: string): name is ProbeId => Object.hasOwn(properties, name);

const entry = (id: ProbeId) => `"${id}": { "every": ${properties[id].properties.every.default} }`;

/**
 * Adds `probe` at the interval it has by default; a probe the text already names stays as it is. Where the text has no "probes", those
 * measured by default, `probes`, are written out with it: the key alone would drop them.
 */
export function withProbe(text: string, probe: ProbeId, probes: ProbesSpec): string {
  const root = parseTree(text);
  if (!root || findNodeAtLocation(root, ["probes", probe])) return text;
  const named = findNodeAtLocation(root, ["probes"]);
  if (named) return append(text, named, entry(probe));
  const all = [...new Set([...(Object.keys(probes) as ProbeId[]), probe])].map(entry);
  return append(text, root, `"probes": { ${all.join(", ")} }`);
}

/** Puts a property at the end of an object, on a line of its own where the last one has that. jsonc-parser's own edit reformats neighbours. */
function append(text: string, { offset, children = [] }: Node, property: string): string {
  const last = children.at(-1);
  const at = last ? last.offset + last.length : offset + 1;
  if (!last) return `${text.slice(0, at)} ${property} ${text.slice(at)}`;
  const own = /\n([ \t]*)$/.exec(text.slice(0, last.offset));
  // A comma that is there already stays the last one.
  return `${text.slice(0, at)},${own ? `\n${own[1]}` : " "}${property}${text.slice(at)}`;
}
