// Words from files in places where VS Code reads more into them than text.
import { expect, test } from "vitest";
import { plain } from "../../../src/extension/format";

test("plain text holds no link that VS Code would make of it, and no icon", () => {
  // As VS Code looks for links in a notification.
  const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;
  const text = "[press](command:x) $(sync~spin)";
  expect(text).toMatch(link);
  expect(plain(text)).not.toMatch(link);
  expect(plain(text)).not.toContain("$(");
  expect(plain(text).replaceAll("\u2060", "")).toBe(text);
});
