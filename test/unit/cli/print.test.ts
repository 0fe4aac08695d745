// What reaches the terminal: our colours, and no one else's control over it.
import { describe, expect, test } from "vitest";
import { safe } from "../../../src/cli/show/print";
import { styleFor, table } from "../../../src/cli/show/text";
import { printable } from "../../../src/util/printable";

const controls = [
  ["a title", "\u001b]0;owned\u0007"],
  ["a cleared screen", "\u001b[2J"],
  ["a cursor moved up", "\u001b[5A"],
  ["a link", "\u001b]8;;http://x\u0007"],
  ["hidden text", "\u001b[8m"],
  ["a C1 sequence", "\u009b2J"],
  ["a carriage return", "\r"],
  ["a backspace", "\b\b"],
  ["reversed writing", "\u202e"],
] as const;

describe("safe", () => {
  test.each(controls)("takes the teeth out of %s", (_what, text) => {
    expect(safe(`a${text}b`)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(printable(`a${text}b`)).not.toContain("\u001b");
  });

  test("keeps letters of every script, lines, tabs and our own colours", () => {
    const style = styleFor(true);
    const text = `${style.red("✗ η")}\n\t${style.bold("λ 数")} ${style.dim("é")}`;
    expect(safe(text)).toBe(text);
  });
});

test("a line end in a name makes no row of its own", () => {
  expect(table(["run"], [["a\nstable"]], styleFor(false)).split("\n")).toHaveLength(2);
});
