// What a field of the form does to an experiment's text: what was typed becomes a value there, comments and layout stay.
import type { FormField } from "./formField";
import { experimentSchema, propertiesOf, schemaAt } from "./experimentSchema";
import { oneLine, withoutProperty, withValue } from "./jsonEdit";
import { getAt, isObject, type Json, type KeyPath } from "./jsonPath";
import { parseJsonSource } from "./jsonSource";

/** Keys that decide which others there are. */
const deciding: readonly string[] = ["kind", "source"];

/**
 * The text with what was typed into a field. Another kind takes the keys with it that only the last one had.
 *
 * @param kind  The field's: whether the text is a word or JSON.
 */
export function withTyped(
  text: string,
  { path, kind }: Pick<FormField, "path" | "kind">,
  typed: string,
): string {
  const changed = withValue(text, path, sourceOf(kind, typed));
  const owner = path.slice(0, -1);
  if (!deciding.includes(path.at(-1) ?? "")) return changed;
  const root = parseJsonSource(changed, "").value ?? {};
  const part = getAt(root, owner);
  const node = owner.length === 0 ? experimentSchema : schemaAt(root, owner);
  if (!isObject(part) || !node) return changed;
  const known = propertiesOf(node, part);
  return Object.keys(part)
    .filter((key) => !Object.hasOwn(known, key))
    .reduce((result, key) => withoutProperty(result, [...owner, key]), changed);
}

/** The text with a part that was left out: what holds without it is written, to be changed from there. */
export function withPart(text: string, path: KeyPath): string {
  const root = parseJsonSource(text, "").value ?? {};
  const standard = schemaAt(root, path)?.default;
  return withValue(text, path, oneLine(isObject(standard) ? standard : {}));
}

/** What was typed as JSON. Text that is none stays a word, for the checker to say what is wrong with it. */
function sourceOf(kind: FormField["kind"], typed: string): string {
  const text = typed.trim();
  if (kind === "text" || kind === "choice") return JSON.stringify(text);
  const number = kind === "number" && text !== "" ? Number(text) : NaN;
  for (const attempt of [text, ...(Number.isFinite(number) ? [String(number)] : []), `[${text}]`])
    if (valueOf(attempt) !== undefined && (attempt === text || kind === "number" || text.includes(",")))
      return attempt;
  return JSON.stringify(text);
}

/** Also with comments and commas at the end, as in the file. */
function valueOf(text: string): Json | undefined {
  const { value, problems } = parseJsonSource(text, "");
  return problems.length > 0 ? undefined : value;
}
