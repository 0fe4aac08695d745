// Validates a value against the schema and says in our words what is wrong: one problem a place, key, expected and found.
import type { ErrorObject, ValidateFunction } from "ajv";
import { choicesOf, describeSchema, keysAt, pathsNamed, propertiesOf, schemaAt } from "./experimentSchema";
import { compileSchema } from "./experimentValidator";
import { getAt, show, type Json, type KeyPath } from "./jsonPath";
import { didYouMean, suggest } from "./suggest";

/** A problem before it has a place: the path it is about, and whether its key or its value is wrong. */
export interface Finding {
  readonly path: KeyPath;
  readonly at: "key" | "value";
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
  /** The text that would be right in this place, where a slip of the hand is likely. */
  readonly fix?: string;
  readonly from: "check";
}

/** Kinds the contract plans and this version lacks, so that a reader of the documentation is not told of a typing error. */
const planned: Readonly<Record<string, readonly string[]>> = {
  "optimizer.kind": ["sam"],
  "launch.on": ["python"],
};

/** Keys that a reader of the documentation may expect at a place that cannot have them, and why. */
const impossible: Readonly<Record<string, string>> = {
  "data.labelNoise":
    "It needs class labels, and this source gives real-valued targets; `noise` disturbs those.",
  "data.only": "It keeps classes of labelled files; this source has none to choose from.",
};

/** Made at the first check, not at import: activating the extension must not pay for it. */
let validate: ValidateFunction | undefined;

/** Everything the schema has against a value. */
export function schemaFindings(root: Json): Finding[] {
  validate ??= compileSchema().validate;
  if (validate(root)) return [];
  const findings = new Map<string, Finding>();
  for (const error of validate.errors ?? []) {
    const finding = toFinding(root, error);
    if (!finding) continue;
    // A wrong value fails several keywords at once (`anyOf` and each of its members): one problem says it all.
    const id = JSON.stringify([finding.path, finding.message]);
    if (!findings.has(id)) findings.set(id, finding);
  }
  // A value of several forms (`anyOf`) fails as a whole and inside the form that was meant: what is inside says more.
  const all = [...findings.values()];
  // Every path with a finding somewhere inside it: one look-up a finding, however many there are.
  const around = new Set(
    all.flatMap(({ path }) => path.map((_, depth) => JSON.stringify(path.slice(0, depth)))),
  );
  return all.filter(
    ({ at, path }) => at === "key" || !around.has(JSON.stringify(path)) || !schemaAt(root, path)?.anyOf,
  );
}

function toFinding(root: Json, error: ErrorObject): Finding | undefined {
  const path = error.instancePath.split("/").slice(1).map(unescapePointer);
  const params = error.params as Readonly<Record<string, unknown>>;
  const base = { severity: "error", from: "check" } as const;
  switch (error.keyword) {
    case "if": // the branch's own errors say more
      return undefined;
    case "additionalProperties":
      return { ...base, at: "key", ...unknownKey(root, path, String(params.additionalProperty)) };
    case "required":
      return { ...base, at: "key", ...missingKey(root, path, String(params.missingProperty)) };
    case "minProperties": {
      const known = keysAt(root, path).map((key) => `\`${key}\``);
      const message = `${name(path)} is empty; expected at least one of ${known.join(", ")}.`;
      return { ...base, at: "value", path, message, hint: "Give one, or remove the key for the default." };
    }
    case "maxProperties": {
      const keys = Object.keys(getAt(root, path) as object).map((key) => `\`${key}\``);
      const message = `${name(path)} holds ${keys.join(" and ")}; expected one of them.`;
      return { ...base, at: "value", path, message, hint: "Make each an entry of its own." };
    }
    case "uniqueItems": {
      const message = `${name(path)} must not hold the same item twice; found ${show(getAt(root, path))}.`;
      return { ...base, at: "value", path, message, hint: "Remove one of the two." };
    }
    default:
      return { ...base, at: "value", path, ...wrongValue(root, path) };
  }
}

/** The message for a key that does not exist: also used for `--set` and sweep paths. */
export function unknownKey(
  root: Json,
  parent: KeyPath,
  key: string,
): Pick<Finding, "path" | "message" | "hint" | "fix"> {
  const known = keysAt(root, parent);
  const elsewhere = pathsNamed(key).filter((path) => path !== [...parent, key].join("."));
  const meant = suggest(key, known);
  const reserved = impossible[[...parent, key].join(".")];
  const hint =
    reserved ??
    (meant === undefined && elsewhere.length > 0 && elsewhere.length <= 3
      ? `\`${key}\` belongs elsewhere: ${elsewhere.join(" or ")}.`
      : didYouMean(key, known));
  const fix = meant === undefined || reserved ? {} : { fix: JSON.stringify(meant) };
  return { ...fix, path: [...parent, key], message: `Unknown key \`${key}\`${where(root, parent)}.`, hint };
}

function missingKey(root: Json, parent: KeyPath, key: string): Pick<Finding, "path" | "message" | "hint"> {
  const node = schemaAt(root, [...parent, key]);
  const expected = node ? describeSchema(node) : "a value";
  const subject = parent.length === 0 ? "The experiment" : name(parent);
  return {
    path: parent,
    message: `${subject} has no \`${key}\`; expected ${expected}.`,
    hint: `Add "${key}": ….`,
  };
}

/** The message for a value that is not what its key expects. */
function wrongValue(root: Json, path: KeyPath): Pick<Finding, "message" | "hint" | "fix"> {
  const node = schemaAt(root, path);
  const found = getAt(root, path);
  const choices = node && choicesOf(node);
  if (choices && typeof found === "string") {
    const supported = choices.map((choice) => JSON.stringify(choice)).join(", ");
    if (planned[path.join(".")]?.includes(found)) {
      return { message: `${name(path)} "${found}" is not yet supported; supported: ${supported}.` };
    }
    const message = `${name(path)} must be ${describeSchema(node)}; found ${show(found)}.`;
    const withOptions = Object.keys(propertiesOf(node, {}));
    if (withOptions.includes(found)) return { message, hint: `Give its options: { "${found}": … }.` };
    const meant = suggest(found, [...choices, ...withOptions]);
    return meant === undefined
      ? { message }
      : { message, hint: `Did you mean "${meant}"?`, fix: JSON.stringify(meant) };
  }
  return {
    message: `${name(path)} must be ${node ? describeSchema(node) : "something else"}; found ${show(found)}.`,
  };
}

/** How a message calls what a path leads to. */
function name(path: KeyPath): string {
  const last = path.at(-1);
  if (last === undefined) return "The experiment";
  return /^\d+$/.test(last) && path.length > 1
    ? `Item ${Number(last) + 1} of \`${path.at(-2)}\``
    : `\`${last}\``;
}

function where(root: Json, parent: KeyPath): string {
  if (parent.length === 0) return "";
  const kind = getAt(root, [...parent, "source"]) ?? getAt(root, [...parent, "kind"]);
  return typeof kind === "string"
    ? ` in \`${parent.join(".")}\` of kind "${kind}"`
    : ` in \`${parent.join(".")}\``;
}

const unescapePointer = (part: string): string => part.replace(/~1/g, "/").replace(/~0/g, "~");
