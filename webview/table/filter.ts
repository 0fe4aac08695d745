// A filter as it is typed: words to look for and comparisons such as `sharpness > 30` or `verdict = stable`, joined by and, or, not and brackets. Pure.
import { didYouMean, suggest } from "../../src/protocol/suggest";
import type { RunRow } from "../../src/record/runRow";
import { metricNames, metricOf, settingOf, settingPaths, type TableData, type Value } from "./columns";
import { comparisons, FilterError, wordsOf, type Comparison, type Word } from "./filterWords";

type Test = (row: RunRow) => boolean;
/** What a row has under a name: several for tags, and for a verdict, which has a kind, a word and may be flagged. */
type Field = (row: RunRow) => readonly Value[];

/** A filter that holds, or what is wrong with it in a sentence. */
export type Filter = { readonly test: Test } | { readonly problem: string };

export function filterOf(text: string, data: TableData): Filter {
  try {
    const words = wordsOf(text);
    return { test: words.length === 0 ? () => true : new Parser(words, data).whole() };
  } catch (error) {
    if (error instanceof FilterError) return { problem: error.message };
    throw error;
  }
}

/** What every run has, by the name under which it is asked for. */
const fixed: Readonly<Record<string, Field>> = {
  name: ({ label }) => [label],
  verdict: ({ verdict, says, flagged }) => [verdict, says, flagged ? "flagged" : null],
  status: ({ status }) => [status],
  experiment: ({ experiment }) => [experiment],
  file: ({ file }) => [file],
  id: ({ id }) => [id],
  sweep: ({ sweep }) => [sweep],
  tag: ({ note }) => note.tags,
  tags: ({ note }) => note.tags,
  note: ({ note }) => [note.note],
  pinned: ({ note }) => [note.pinned ? "yes" : "no"],
  step: ({ step }) => [step],
  time: ({ time }) => [time],
};

class Parser {
  private at = 0;

  constructor(
    private readonly words: readonly Word[],
    private readonly data: TableData,
  ) {}

  whole(): Test {
    const test = this.either();
    const rest = this.words.at(this.at);
    if (rest) throw new FilterError(`"${rest.text}" is one bracket too many.`);
    return test;
  }

  private either(): Test {
    let test = this.all();
    while (this.takes("or")) {
      const [a, b] = [test, this.all()];
      test = (row) => a(row) || b(row);
    }
    return test;
  }

  /** One after another, with or without "and". */
  private all(): Test {
    let test = this.one();
    while (this.takes("and") || this.goesOn()) {
      const [a, b] = [test, this.one()];
      test = (row) => a(row) && b(row);
    }
    return test;
  }

  private goesOn(): boolean {
    const next = this.words.at(this.at);
    return next !== undefined && next.text !== ")" && !isJoining(next, "or");
  }

  private one(): Test {
    const word = this.words.at(this.at++);
    if (!word) throw new FilterError(this.unfinished());
    if (isJoining(word, "not")) {
      const test = this.one();
      return (row) => !test(row);
    }
    if (word.kind === "sign" && word.text === "(") {
      const test = this.either();
      if (this.words.at(this.at++)?.text !== ")") throw new FilterError("A bracket is not closed.");
      return test;
    }
    if (word.kind === "sign")
      throw new FilterError(`Before "${word.text}" a name is missing, as in sharpness > 30.`);
    if (["and", "or"].some((joining) => isJoining(word, joining)))
      throw new FilterError(
        `Beside "${word.text}" something is missing; in quotes it is a word to look for.`,
      );
    const sign = this.comparison();
    return sign ? this.compared(word, sign) : contains(word.text);
  }

  private unfinished(): string {
    const last = this.words.at(-1);
    return last ? `After "${last.text}" something is missing.` : "The filter is empty.";
  }

  private takes(joining: string): boolean {
    const next = this.words.at(this.at);
    if (!next || !isJoining(next, joining)) return false;
    this.at++;
    return true;
  }

  private comparison(): Comparison | undefined {
    const next = this.words.at(this.at);
    const sign = next?.kind === "sign" ? comparisons.find((one) => one === next.text) : undefined;
    if (sign) this.at++;
    return sign;
  }

  private compared(name: Word, sign: Comparison): Test {
    const field = this.field(name.text);
    const word = this.words.at(this.at++);
    if (!word || word.kind === "sign")
      throw new FilterError(`After "${name.text} ${sign}" a value is missing, as in sharpness > 30.`);
    const number = word.kind === "text" ? NaN : Number(word.text);
    if (!Number.isNaN(number))
      return (row) => field(row).some((value) => holds(value, sign, number)) !== negates(sign);
    const other = word.kind === "word" && isOrder(sign) ? this.known(word.text) : undefined;
    if (other) return (row) => field(row).some((value) => holds(value, sign, other(row)[0] ?? null));
    if (isOrder(sign))
      throw new FilterError(
        `"${word.text}" is no number and no name; ${sign} compares numbers, as in sharpness > 30.`,
      );
    return (row) => field(row).some((value) => holds(value, sign, word.text)) !== negates(sign);
  }

  /** @throws FilterError where no run has such a thing. */
  private field(name: string): Field {
    const known = this.known(name);
    if (known) return known;
    const names = [...Object.keys(fixed), ...metricNames(this.data), ...settingPaths(this.data)];
    const tails = settingPaths(this.data).map((path) => path.slice(path.lastIndexOf(".") + 1));
    const meant = suggest(name, [...names, ...tails]);
    const hint =
      meant === undefined
        ? `Try one of ${names.slice(0, 4).join(", ")}, sharpness or optimizer.learningRate.`
        : didYouMean(name, [meant]);
    throw new FilterError(`No run has "${name}". ${hint}`);
  }

  /** By its own name, a metric's, `best.` or `limit.` and a metric's, a setting's key path, or the end of one. */
  private known(name: string): Field | undefined {
    if (Object.hasOwn(fixed, name)) return fixed[name];
    const { data } = this;
    for (const of of ["best", "limit", "last"] as const)
      if (name.startsWith(`${of}.`)) {
        const metric = name.slice(of.length + 1);
        return (row) => [metricOf(row, of, metric)];
      }
    if (metricNames(data).includes(name)) return (row) => [metricOf(row, "last", name)];
    const paths = settingPaths(data);
    const path = paths.find((one) => one === name) ?? paths.find((one) => one.endsWith(`.${name}`));
    return path === undefined ? undefined : (row) => [settingOf(data, row, path)];
  }
}

const isJoining = ({ kind, text }: Word, word: string): boolean =>
  kind === "word" && text.toLowerCase() === word;

const isOrder = (sign: Comparison): boolean => ["<", ">", "<=", ">="].includes(sign);
/** `!=` and `!~` hold where the sign without the `!` does not. */
const negates = (sign: Comparison): boolean => sign.startsWith("!");

function holds(value: Value, sign: Comparison, wanted: Value): boolean {
  if (value === null || wanted === null) return false;
  switch (sign) {
    case "<":
      return typeof value === "number" && typeof wanted === "number" && value < wanted;
    case ">":
      return typeof value === "number" && typeof wanted === "number" && value > wanted;
    case "<=":
      return typeof value === "number" && typeof wanted === "number" && value <= wanted;
    case ">=":
      return typeof value === "number" && typeof wanted === "number" && value >= wanted;
    case "=":
    case "==":
    case "!=":
      return typeof value === "number" && typeof wanted === "number"
        ? value === wanted
        : fold(value) === fold(wanted);
    case "~":
    case "!~":
      return fold(value).includes(fold(wanted));
  }
}

const fold = (value: string | number): string => String(value).toLowerCase();

/** A word that stands somewhere in what a run is called, what was noted of it or what it came to. */
function contains(text: string): Test {
  const wanted = fold(text);
  return ({ label, experiment, id, says, mark, status, note }) =>
    [label, experiment, id, says, mark, status, note.note, ...note.tags].some((one) =>
      fold(one).includes(wanted),
    );
}
