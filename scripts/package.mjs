// Packs basin-<platform>.vsix: the bundles, the panel, and only this platform's engine files. Prints its size.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyEngine } from "./engineFiles.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(join(root, "package.json"));
const dist = join(root, "dist");
/** win32, linux or darwin with x64 or arm64, as VS Code names its targets; another one may be given. */
const target = process.argv[2] ?? `${process.platform}-${process.arch}`;

const run = (cwd, file, ...args) =>
  execFileSync(process.execPath, [file, ...args], { cwd, stdio: ["ignore", "pipe", "inherit"] });

/** VS Code's page of an extension shows pictures from the network or from the text itself, none of the package: here they are in the text. */
const withPictures = (markdown) =>
  markdown.replace(/\]\((media\/readme\/[\w-]+\.png)\)/g, (_, path) => {
    const bytes = readFileSync(join(root, path)).toString("base64");
    return `](data:image/png;base64,${bytes})`;
  });

const file = join(root, `basin-${target}.vsix`);
run(root, "esbuild.mjs");
for (const [made, name] of [
  ["editor.schema.json", "basin.schema.json"],
  ["local.schema.json", "local.schema.json"],
])
  copyFileSync(join(root, "src", "extension", "language", made), join(dist, name));
rmSync(join(dist, "node_modules"), { recursive: true, force: true });
const engine = copyEngine(target, join(dist, "node_modules"));
rmSync(file, { force: true });
const vsce = join(dirname(require.resolve("@vscode/vsce/package.json")), "vsce");
const missing = existsSync(join(root, "LICENSE")) ? [] : ["--skip-license"];
// Packed from a copy, whose README is another one.
const stage = mkdtempSync(join(tmpdir(), "basin-vsix-"));
for (const name of ["package.json", ".vscodeignore", "CHANGELOG.md", "LICENSE", "media", "dist"])
  if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
writeFileSync(join(stage, "README.md"), withPictures(readFileSync(join(root, "README.md"), "utf8")));
run(
  stage,
  vsce,
  "package",
  "--no-dependencies",
  "--allow-missing-repository",
  "--no-git-tag-version",
  "--no-update-package-json",
  "--no-rewrite-relative-links",
  ...missing,
  "--target",
  target,
  "-o",
  file,
);
rmSync(stage, { recursive: true, force: true });
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
process.stdout.write(
  `Packed Basin ${version} for ${target} with the engine "${engine}": ${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB.\n`,
);
