// How many files name a kind: what adding one more of it costs. Derived from the sources; ARCHITECTURE.md shows the same table.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

/** Made by `npm run schema`, or texts that use a kind as an example. */
const beside = ["src/protocol/experiment.ts", "src/extension/commands/templates.ts"];

const walk = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return walk(path);
    return path.endsWith(".ts") && !beside.includes(path) ? [path] : [];
  });
const sources = [...walk("src"), ...walk("webview"), "package.json"].map(
  (path) => [path, readFileSync(join(".", path), "utf8")] as const,
);

/** One existing kind of each, by how its files name it. */
const table = {
  op: [/\bsoftplusOp\b/, 1],
  dataset: [/"\.\/teacher"|source: "teacher"/, 2],
  optimizer: [/\brmsprop\b/, 2],
  loss: [/\bcrossEntropy\b/, 2],
  model: [/\bdeepLinear\b/, 2],
  layer: [/\bselfAttention = |"\.\/attention"/, 2],
  activation: [/\bhardswish\b/, 2],
  probe: [/\blayers: Probe\b|"\.\/probes\/layers"/, 2],
  launcher: [/\blocal: Launcher\b|import \{ local \}/, 2],
  subcommand: [/import \{ verdict \}|name: "verdict"/, 2],
  chart: [/\bstabilityRegion\b/, 2],
  command: [/\bopenRunFile\b/, 4],
} as const satisfies Record<string, readonly [RegExp, number]>;

it.each(Object.entries(table))(
  "adding a %s touches as few files as the table says",
  (_kind, [pattern, count]) => {
    const named = sources.filter(([, text]) => pattern.test(text)).map(([path]) => path);
    expect(named).toHaveLength(count);
  },
);
