// Reads the words after `basin NAME`: options as declared, everything else in order. A typo gets a suggestion.
import { parseArgs } from "node:util";
import { UserError } from "../protocol/errors";
import { suggest } from "../protocol/suggest";

export interface OptionSpec {
  readonly name: string;
  /** Placeholder of its value; without one the option is a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly many?: boolean;
  readonly text: string;
}

export class Arguments {
  constructor(
    readonly words: readonly string[],
    private readonly given: ReadonlyMap<string, readonly string[]>,
  ) {}

  has(name: string): boolean {
    return this.given.has(name);
  }

  all(name: string): readonly string[] {
    return this.given.get(name) ?? [];
  }

  one(name: string): string | undefined {
    return this.all(name)[0];
  }
}

/** A mistake on the command line itself. */
export function usageError(command: string, message: string, hint?: string): UserError {
  const place = { file: command === "" ? "basin" : `basin ${command}` };
  return new UserError([{ severity: "error", message, hint, place }]);
}

const helpOption: OptionSpec = { name: "help", text: "show this help" };
export const withHelp = (options: readonly OptionSpec[]): OptionSpec[] => [...options, helpOption];

/** @throws UserError on an option that is unknown, repeated, or lacks its value. */
export function parseArguments(
  command: string,
  texts: readonly string[],
  options: readonly OptionSpec[],
): Arguments {
  const all = withHelp(options);
  const specs = new Map(all.map((spec) => [`--${spec.name}`, spec]));
  const given = new Map<string, string[]>();
  const words: string[] = [];
  const { tokens } = parseArgs({
    args: [...texts],
    options: Object.fromEntries(all.map(({ name, value }) => [name, { type: value ? "string" : "boolean" }])),
    strict: false,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    // As it was written: the parser takes letters behind one dash apart.
    const [written] = texts[token.index].split("=", 1);
    const key = written === "-h" ? "--help" : written;
    const spec = specs.get(key);
    if (!spec) throw unknownOption(command, key, [...specs.keys()]);
    if (!spec.value && token.inlineValue) throw usageError(command, `${key} takes no value`);
    if (spec.value && !token.value) throw usageError(command, `${key} needs a value: ${key} ${spec.value}`);
    const before = given.get(spec.name) ?? [];
    if (before.length > 0 && spec.value && !spec.many) throw usageError(command, `${key} was given twice`);
    given.set(spec.name, [...before, token.value ?? ""]);
  }
  return new Arguments(words, given);
}

function unknownOption(command: string, key: string, known: readonly string[]): UserError {
  const meant = suggest(key, known);
  const hint = meant ? `Did you mean ${meant}?` : `Options here: ${known.join(", ")}.`;
  return usageError(command, `unknown option ${key}`, hint);
}
