// `npm run package [-- TARGET… | all]`: packs basin-<target>.vsix, the bundles, the panel and the engine files of one platform: this one's unless another
// is named. `universal` is for every platform without a VSIX of its own: its engine is WebAssembly. Prints each size; what vsce warns of is an error.
import { spawnSync } from "node:child_process";
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
const vsce = join(dirname(require.resolve("@vscode/vsce/package.json")), "vsce");
const { version, repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** As VS Code names them. */
const targets = [
  "win32-x64",
  "win32-arm64",
  "linux-x64",
  "linux-arm64",
  "darwin-x64",
  "darwin-arm64",
  "universal",
];

/** Runs a script of Node's; returns what it said. @throws Error when it fails. */
function run(cwd, file, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} failed:\n${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

/**
 * Where the project has a public repository vsce makes links to it of the README's pictures, the only ones that a current VS Code and the
 * marketplaces show on an extension's page. Without one they are put into the text, where VS Code up to 1.98 or so shows them.
 */
const withPictures = (markdown) =>
  repository
    ? markdown
    : markdown.replace(/\]\((media\/readme\/[\w-]+\.png)\)/g, (_, path) => {
        const bytes = readFileSync(join(root, path)).toString("base64");
        return `](data:image/png;base64,${bytes})`;
      });

function bundle() {
  // Of an earlier version, which packed from here.
  rmSync(join(dist, "node_modules"), { recursive: true, force: true });
  run(root, "esbuild.mjs");
  for (const [made, name] of [
    ["editor.schema.json", "basin.schema.json"],
    ["local.schema.json", "local.schema.json"],
  ])
    copyFileSync(join(root, "src", "extension", "language", made), join(dist, name));
}

function pack(target) {
  const file = join(root, `basin-${target}.vsix`);
  rmSync(file, { force: true });
  // Packed from a copy, which has an engine beside the bundles and another README.
  const stage = mkdtempSync(join(tmpdir(), "basin-vsix-"));
  let engine;
  try {
    for (const name of [
      "package.json",
      ".vscodeignore",
      "CHANGELOG.md",
      "LICENSE",
      "media",
      "dist",
      "python",
    ])
      if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
    engine = copyEngine(target, join(stage, "dist", "node_modules"));
    writeFileSync(join(stage, "README.md"), withPictures(readFileSync(join(root, "README.md"), "utf8")));
    const said = run(
      stage,
      vsce,
      "package",
      "--no-dependencies",
      ...(repository ? [] : ["--allow-missing-repository", "--no-rewrite-relative-links"]),
      "--no-git-tag-version",
      "--no-update-package-json",
      ...(target === "universal" ? [] : ["--target", target]),
      "-o",
      file,
    );
    const warnings = said.split("\n").filter((line) => /warn/i.test(line));
    if (warnings.length > 0) throw new Error(`vsce warns:\n${said}`);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  const size = (statSync(file).size / 1e6).toFixed(1);
  process.stdout.write(
    `Packed Basin ${version} for ${target} with the engine "${engine}": ${file}, ${size} MB.\n`,
  );
}

const asked = process.argv.slice(2);
const named = asked.includes("all") ? targets : asked;
const unknown = named.find((target) => !targets.includes(target));
if (unknown !== undefined) {
  process.stderr.write(`Unknown target ${unknown}; known: ${targets.join(", ")}, all.\n`);
  process.exit(2);
}
bundle();
for (const target of named.length > 0 ? named : [`${process.platform}-${process.arch}`]) pack(target);
