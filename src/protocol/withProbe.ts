// An experiment's text with one probe more, comments and everything else as it was.
import { findNodeAtLocation } from "jsonc-parser";
import schema from "./basin.schema.json";
import type { ProbesSpec } from "./experiment";
import { parseText, withProperty } from "./jsonEdit";

export type ProbeId = keyof ProbesSpec;

const { properties } = schema.definitions.probes;

export const isProbeId = (name: string): name is ProbeId => Object.hasOwn(properties, name);

const entry = (id: ProbeId) => `"${id}": { "every": ${properties[id].properties.every.default} }`;

/**
 * Adds `probe` at the interval it has by default; a probe the text already names stays as it is. Where the text has no "probes", those
 * measured by default, `probes`, are written out with it: the key alone would drop them.
 */
export function withProbe(text: string, probe: ProbeId, probes: ProbesSpec): string {
  const root = parseText(text);
  if (!root || findNodeAtLocation(root, ["probes", probe])) return text;
  const named = findNodeAtLocation(root, ["probes"]);
  if (named) return withProperty(text, named, entry(probe));
  const all = [...new Set([...(Object.keys(probes) as ProbeId[]), probe])].map(entry);
  return withProperty(text, root, `"probes": { ${all.join(", ")} }`);
}
