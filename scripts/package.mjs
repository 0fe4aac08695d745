// Packs basin-<platform>.vsix: the bundles, the panel, and only this platform's engine files. Prints its size.
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyEngine } from "./engineFiles.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(join(root, "package.json"));
const dist = join(root, "dist");
/** win32, linux or darwin with x64 or arm64, as VS Code names its targets; another one may be given. */
const target = process.argv[2] ?? `${process.platform}-${process.arch}`;

const run = (file, ...args) =>
  execFileSync(process.execPath, [file, ...args], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });

const file = join(root, `basin-${target}.vsix`);
run("esbuild.mjs");
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
run(
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
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
process.stdout.write(
  `Packed Basin ${version} for ${target} with the engine "${engine}": ${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB.\n`,
);
