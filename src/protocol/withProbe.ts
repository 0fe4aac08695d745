// An experiment's text with one probe more, comments and everything else as it was.
import { applyEdits, findNodeAtLocation, modify, parseTree } from "jsonc-parser";
import schema from "./basin.schema.json";
import type { ProbesSpec } from "./experiment";

export type ProbeId = keyof ProbesSpec;

const { properties } = schema.definitions.probes;

/**
 * Adds `probe` at the interval it has by default; a probe the text already names stays as it is. Where the text has no "probes", those
 * measured by default, `probes`, are written out with it: the key alone would drop them.
 */
export function withProbe(text: string, probe: ProbeId, probes: ProbesSpec): string {
  const every = (id: ProbeId) => ({ every: properties[id].properties.every.default });
  const tree = parseTree(text);
  const has = (path: string[]) => tree !== undefined && findNodeAtLocation(tree, path) !== undefined;
  const set = (path: string[], value: unknown) =>
    applyEdits(text, modify(text, path, value, { formattingOptions: { insertSpaces: true, tabSize: 2 } }));
  if (has(["probes", probe])) return text;
  if (has(["probes"])) return set(["probes", probe], every(probe));
  const all = [...(Object.keys(probes) as ProbeId[]), probe].map((id) => [id, every(id)] as const);
  return set(["probes"], Object.fromEntries(all));
}
