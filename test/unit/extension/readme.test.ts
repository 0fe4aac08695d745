// README's tables of commands and settings say what package.json contributes, all of it.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withTables, type Manifest } from "../../../scripts/readmeTables/tables";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const readme = readFileSync("README.md", "utf8");

test("the tables are current: `npm run tables` would change nothing", () => {
  expect(withTables(readme, manifest)).toBe(readme);
});

test("every command that a user can call, and every setting, stands there", () => {
  for (const { title } of manifest.contributes.commands) expect(readme).toContain(`\n| ${title} | `);
  for (const name of Object.keys(manifest.contributes.configuration.properties))
    expect(readme).toContain(`\n| \`${name}\` | `);
});

test("every menu has words, so that no command is offered nowhere", () => {
  const rows = readme
    .split("\n")
    .filter((line) => manifest.contributes.commands.some(({ title }) => line.startsWith(`| ${title} | `)));
  expect(rows).toHaveLength(manifest.contributes.commands.length);
  for (const row of rows) expect(row.split(" | ")[1], row).not.toBe("");
});
