// What the checker, the panel and the command line must know of a kind without loading it, as `kinds.json` holds it.
import { losses } from "../losses";
import type { SchemaNode } from "../protocol/experimentSchema";
import type { Fragment } from "../protocol/fragment";
import { families } from "./schema";

type Definitions = Readonly<Record<string, SchemaNode>>;

const isPath = ({ $ref }: SchemaNode): boolean => $ref === "#/definitions/path";

/** Key paths of a kind that name files; "*" stands for every item of a list. */
function filesOf(node: SchemaNode, definitions: Definitions, path: readonly string[] = []): string[] {
  if (isPath(node)) return [path.join(".")];
  const { $ref, ...own } = node;
  const self: SchemaNode = $ref ? { ...definitions[$ref.slice("#/definitions/".length)], ...own } : own;
  if ($ref && isPath(definitions[$ref.slice("#/definitions/".length)])) return [path.join(".")];
  const inside = Object.entries(self.properties ?? {}).flatMap(([key, property]) =>
    typeof property === "boolean" ? [] : filesOf(property, definitions, [...path, key]),
  );
  const items =
    self.items && !$ref?.endsWith("/layers") ? filesOf(self.items, definitions, [...path, "*"]) : [];
  return [...inside, ...items];
}

/** What the schema and the types already hold. */
const elsewhere = new Set(["about", "description", "required", "properties", "filled", "snippets"]);

const factsIn = (fragment: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fragment).filter(([key]) => !elsewhere.has(key)));

function factsOf(fragment: Fragment, definitions: Definitions): Record<string, unknown> {
  const files = filesOf({ properties: fragment.properties }, definitions);
  return { ...(files.length > 0 ? { files } : {}), ...factsIn(fragment) };
}

export function kindFacts(definitions: Definitions): Record<string, unknown> {
  const parts = families
    .filter(({ name }) => name !== "schedule")
    .map(({ name, kinds, others = {} }) => [
      name,
      Object.fromEntries(
        Object.entries({ ...kinds, ...others }).map(([kind, fragment]) => [
          kind,
          factsOf(fragment, definitions),
        ]),
      ),
    ]);
  const ofLosses = Object.entries(losses).map(([kind, { spec }]) => [kind, factsIn(spec)]);
  return { ...Object.fromEntries(parts), loss: Object.fromEntries(ofLosses) } as Record<string, unknown>;
}
