// A text with insertions, as an editor applies them: all by their offsets in the text before.
import type { Insertion } from "../../src/extension/script/watchInsertion";

export const inserted = (text: string, insertions: readonly Insertion[]): string =>
  [...insertions]
    .sort((a, b) => b.offset - a.offset)
    .reduce((now, { offset, text: own }) => `${now.slice(0, offset)}${own}${now.slice(offset)}`, text);
