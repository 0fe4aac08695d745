// `npm run fuzz [-- COUNT]`: damaged inputs to every door; anything but a result or a UserError is an internal error.
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fuzz } from "./fuzz";

const root = join(fileURLToPath(import.meta.url), "..", "..", "..");
const count = Number(process.argv[2] ?? 100_000);
const { perFormat, errors, slow } = await fuzz(count);
const text = [
  "# Fuzzing",
  "",
  "Written by `npm run fuzz`: seeded damage to good samples of each format.",
  "",
  `**${count} inputs, ${errors.length} internal errors, ${slow} slower than 2 s**, on ${cpus()[0].model.trim()}, Node ${process.versions.node}.`,
  "",
  "| Format | Inputs |",
  "| --- | ---: |",
  ...[...perFormat].map(([name, n]) => `| ${name} | ${n} |`),
  "",
].join("\n");
process.stdout.write(text);
for (const error of errors.slice(0, 20)) process.stderr.write(`${error}\n`);
writeFileSync(join(root, "test", "fuzz", "FIGURES.md"), text);
process.exit(errors.length + slow > 0 ? 1 : 0);
