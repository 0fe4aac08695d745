// The words after `basin NAME`: what counts as an option, a value, a word; and what each mistake is told.
import { describe, expect, it } from "vitest";
import { parseArguments, type OptionSpec } from "../../../src/cli/arguments";

const options: readonly OptionSpec[] = [
  { name: "json", text: "a switch" },
  { name: "runs-dir", value: "DIR", text: "one value" },
  { name: "set", value: "KEY=VALUE", many: true, text: "many values" },
];
const parse = (...texts: string[]) => parseArguments("run", texts, options);

describe("arguments", () => {
  it("are options and words in any order", () => {
    const given = parse("a.json", "--json", "--runs-dir", "here", "b.json", "-");
    expect(given.words).toEqual(["a.json", "b.json", "-"]);
    expect(given.has("json")).toBe(true);
    expect(given.has("set")).toBe(false);
    expect(given.one("runs-dir")).toBe("here");
  });

  it("take a value behind = or as the next word, whatever it looks like", () => {
    const given = parse("--set=a=1", "--set", "b=-2", "--set", "--json");
    expect(given.all("set")).toEqual(["a=1", "b=-2", "--json"]);
    expect(given.has("json")).toBe(false);
  });

  it("are words after --", () => {
    const given = parse("--json", "--", "--set", "-h", "--");
    expect(given.words).toEqual(["--set", "-h", "--"]);
    expect(given.has("help")).toBe(false);
  });

  it("know -h as --help, and a switch may be repeated", () => {
    expect(parse("-h").has("help")).toBe(true);
    expect(parse("--json", "--json").has("json")).toBe(true);
  });

  it.each([
    ["an unknown option", ["--jsn"], "unknown option --jsn\n  Did you mean --json?"],
    ["an unknown option with a value", ["--sett=a=1"], "unknown option --sett\n  Did you mean --set?"],
    ["a single dash, as it was written", ["-help"], "unknown option -help\n  Did you mean --help?"],
    ["letters in a row", ["-hx"], "unknown option -hx"],
    ["a name of every object", ["--__proto__"], "unknown option --__proto__"],
    ["a value for a switch", ["--json=1"], "--json takes no value"],
    ["no value at the end", ["--runs-dir"], "--runs-dir needs a value: --runs-dir DIR"],
    ["an empty value", ["--set="], "--set needs a value: --set KEY=VALUE"],
    ["one value given twice", ["--runs-dir", "a", "--runs-dir=b"], "--runs-dir was given twice"],
  ])("refuse %s", (_, texts, message) => {
    expect(() => parse(...texts)).toThrow(message);
  });
});
