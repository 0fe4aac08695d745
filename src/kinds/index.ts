// The files that are made from what the kinds declare. `npm run schema` writes them; a test says when they are stale.
import { loosened } from "./editorSchema";
import { kindFacts } from "./facts";
import { experimentSchemaOf, localSchemaOf } from "./schema";
import { experimentTypes } from "./types";

export interface MadeFile {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

export function madeFiles(): MadeFile[] {
  const schema = experimentSchemaOf();
  return [
    { path: "src/protocol/basin.schema.json", text: json(schema) },
    { path: "src/extension/language/editor.schema.json", text: json(loosened(schema)) },
    { path: "src/extension/language/local.schema.json", text: json(loosened(localSchemaOf())) },
    { path: "src/protocol/kinds.json", text: json(kindFacts(schema.definitions)) },
    { path: "src/protocol/experiment.ts", text: `${experimentTypes(schema).trimEnd()}\n` },
  ];
}
