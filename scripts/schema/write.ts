// Writes the files that are made from what the kinds declare, and says which changed.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { madeFiles } from "../../src/kinds";

for (const { path, text } of madeFiles()) {
  const same = existsSync(path) && readFileSync(path, "utf8") === text;
  if (!same) writeFileSync(path, text);
  process.stdout.write(`${same ? "unchanged" : "written  "} ${path}\n`);
}
