// A filter's text cut into words, signs and texts in quotes. Pure.

export interface Word {
  readonly kind: "word" | "text" | "sign";
  readonly text: string;
  /** Characters from the start. */
  readonly at: number;
}

/** Signs that compare, the longer ones first. */
export const comparisons = ["<=", ">=", "!=", "!~", "==", "=", "<", ">", "~"] as const;
export type Comparison = (typeof comparisons)[number];

const cut = new RegExp(
  [
    String.raw`\s+`,
    String.raw`"[^"]*"?`,
    String.raw`[()]`,
    String.raw`<=|>=|!=|!~|==|=|<|>|~`,
    String.raw`(?:(?!!=|!~)[^\s"()<>=~])+`,
  ].join("|"),
  "gy",
);

/** @throws FilterError where a quote is not closed. */
export function wordsOf(filter: string): readonly Word[] {
  return [...filter.matchAll(cut)].flatMap(({ 0: text, index: at }): Word[] => {
    if (text.trim() === "") return [];
    if (text.startsWith('"')) {
      if (text.length < 2 || !text.endsWith('"')) throw new FilterError("A quote is not closed.");
      return [{ kind: "text", text: text.slice(1, -1), at }];
    }
    const isSign = text === "(" || text === ")" || comparisons.some((sign) => sign === text);
    return [{ kind: isSign ? "sign" : "word", text, at }];
  });
}

/** What the user is told of a filter that cannot be read. */
export class FilterError extends Error {}
