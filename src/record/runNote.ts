// What people note of a run, `notes/<run-id>.json`: whether it is pinned, what they call it, a remark, tags. The door of that file. Pure.
import { printable } from "../util/printable";
import { isRaw, text, type Raw } from "./decode";

export interface RunNote {
  /** The user keeps the run: no clean-up takes it. */
  readonly pinned: boolean;
  /** What the run is called in place of its settings; "" for none. */
  readonly name: string;
  readonly note: string;
  /** Each once, in the order in which they were given. */
  readonly tags: readonly string[];
}

/** What of a note is given another value. */
export type NoteChange = Partial<RunNote>;

export const emptyNote: RunNote = { pinned: false, name: "", note: "", tags: [] };

/** Longer is no name and no tag, and more tags no one reads. */
export const longestNote = { name: 120, note: 4000, tag: 40, tags: 20 } as const;

/** As one line of at most `longest` characters. */
const lineOf = (value: unknown, longest: number): string =>
  [...printable((text(value) ?? "").trim())].slice(0, longest).join("").trim();

/** As text of several lines. */
const linesOf = (value: unknown): string =>
  (text(value) ?? "")
    .replace(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => printable(line).trimEnd())
    .join("\n")
    .trim()
    .slice(0, longestNote.note);

const tagsOf = (value: unknown): string[] => {
  const tags = Array.isArray(value) ? value.map((tag) => lineOf(tag, longestNote.tag)) : [];
  return [...new Set(tags.filter((tag) => tag !== ""))].slice(0, longestNote.tags);
};

/** A note as read, whoever wrote it: what of it is none costs exactly itself. null for what is no note at all. */
export function decodeNote(raw: unknown): RunNote | null {
  if (!isRaw(raw)) return null;
  return {
    pinned: raw.pin === true,
    name: lineOf(raw.name, longestNote.name),
    note: linesOf(raw.note),
    tags: tagsOf(raw.tags),
  };
}

/** The note with a change made, as its file says it: keys that Basin does not know stay, and what is empty is left out. */
export function withChange(raw: Raw, change: NoteChange): Raw {
  const { pinned, ...texts } = change;
  const given = decodeNote({ ...texts, pin: pinned }) ?? emptyNote;
  const changed: Raw = {
    ...raw,
    ...(pinned !== undefined && { pin: given.pinned || undefined }),
    ...(texts.name !== undefined && { name: given.name || undefined }),
    ...(texts.note !== undefined && { note: given.note || undefined }),
    ...(texts.tags !== undefined && { tags: given.tags.length > 0 ? given.tags : undefined }),
  };
  return Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined));
}
