// Packs basin-<platform>.vsix: the bundles, the panel, and only this platform's engine files. Prints its size.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, copyFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const require = createRequire(join(root, "package.json"));
const dist = join(root, "dist");
/** win32, linux or darwin with x64 or arm64, as VS Code names its targets; another one may be given. */
const target = process.argv[2] ?? `${process.platform}-${process.arch}`;
const [os, arch] = target.split("-");

const run = (file, ...args) =>
  execFileSync(process.execPath, [file, ...args], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });

function packageFolder(name, from = root) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) throw new Error(`${name} is not installed; run npm ci first.`);
  }
}

/** The engine, where the bundle's require finds it, without other platforms' binaries and without source maps. */
function copyEngine() {
  rmSync(join(dist, "node_modules"), { recursive: true, force: true });
  const node = packageFolder("onnxruntime-node");
  const common = packageFolder("onnxruntime-common", node);
  const binary = join("bin", "napi-v6", os, arch);
  if (!existsSync(join(node, binary))) {
    process.stdout.write(`onnxruntime-node has no binary for ${target}: packing without it.\n`);
  }
  const copy = (from, to, parts) => {
    for (const part of parts.filter((name) => existsSync(join(from, name)))) {
      mkdirSync(dirname(join(to, part)), { recursive: true });
      cpSync(join(from, part), join(to, part), { recursive: true, dereference: true, filter: keep });
    }
  };
  const keep = (path) => !/\.(map|ts|mts)$|[\\/]esm[\\/]|\.min\.js$/.test(path);
  copy(node, join(dist, "node_modules", "onnxruntime-node"), ["package.json", "LICENSE", "dist", binary]);
  copy(common, join(dist, "node_modules", "onnxruntime-common"), ["package.json", "LICENSE", "dist/cjs"]);
}

const file = join(root, `basin-${target}.vsix`);
run("esbuild.mjs");
copyFileSync(join(root, "src", "protocol", "basin.schema.json"), join(dist, "basin.schema.json"));
copyEngine();
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
  `Packed Basin ${version} for ${target}: ${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB.\n`,
);
