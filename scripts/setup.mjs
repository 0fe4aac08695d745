// Set-up from a fresh clone: dependencies, then the bundles. Does only what is missing; safe to run again and again.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

const run = (command, args) =>
  spawnSync(command, args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
    // ONNX Runtime's install script would download CUDA libraries that Basin does not use.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", npm_config_onnxruntime_node_install: "skip" },
  }).status === 0;

/** Installs dependencies when they are missing or the lock file changed. */
export function install() {
  const stamp = join(root, "node_modules", ".basin-setup");
  const lock = createHash("sha256").update(readFileSync(join(root, "package-lock.json"))).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("Setting up: installing dependencies (once, about a minute)…");
  const options = ["--no-audit", "--no-fund", "--loglevel=error"];
  // The optional TensorFlow engine's download may be refused; npm then goes on without it. Should it fail
  // all the same, leave it out.
  if (!run("npm", ["ci", ...options]) && !run("npm", ["ci", "--omit=optional", ...options])) {
    console.error("npm could not install the dependencies; its message is above. Check the network and try again.");
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

/** Bundles extension, run process, command line and panel into dist/. */
export function bundle() {
  if (!run(process.execPath, [join(root, "esbuild.mjs")])) process.exit(1);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  install();
  bundle();
}
