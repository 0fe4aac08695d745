// An answer of bounded size: what is long in it is cut, and said to be. A run folder may hold anything. Pure.
import { fileError } from "../../protocol/errors";
import { stringify } from "../../protocol/numbers";

const longestText = 2000;
const longestList = 1000;
const mostKeys = 400;
const deepest = 12;
/** Characters of one answer: what an agent can read at a time. */
const longestAnswer = 150_000;
/** Places named of those that were cut. */
const mostTold = 20;

/** The answer as JSON; `shortened` in it names what was cut. @throws UserError where it is still too long. */
export function answerText(answer: Readonly<Record<string, unknown>>): string {
  const cut: string[] = [];
  const kept = bounded(answer, "", cut) as Readonly<Record<string, unknown>>;
  const text = stringify(cut.length > 0 ? { ...kept, shortened: cut.slice(0, mostTold) } : kept);
  if (text.length <= longestAnswer) return text;
  throw fileError(
    "answer",
    `would have ${text.length} characters, more than ${longestAnswer}`,
    "Ask for fewer runs, metrics or points.",
  );
}

function bounded(value: unknown, path: string, cut: string[]): unknown {
  if (typeof value === "string" && value.length > longestText) {
    cut.push(`${path}: the first ${longestText} of ${value.length} characters`);
    return `${value.slice(0, longestText)}…`;
  }
  if (typeof value !== "object" || value === null) return value;
  if (path.split(".").length > deepest) {
    cut.push(`${path}: deeper than ${deepest} levels`);
    return null;
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const list = Array.from(value as ArrayLike<unknown>);
    if (list.length > longestList) cut.push(`${path}: the first ${longestList} of ${list.length} entries`);
    return list.slice(0, longestList).map((one, i) => bounded(one, `${path}.${i}`, cut));
  }
  const entries = Object.entries(value);
  if (entries.length > mostKeys) cut.push(`${path}: the first ${mostKeys} of ${entries.length} keys`);
  return Object.fromEntries(
    entries.slice(0, mostKeys).map(([key, one]) => {
      const name = key.slice(0, 200);
      return [name, bounded(one, path === "" ? name : `${path}.${name}`, cut)];
    }),
  );
}
