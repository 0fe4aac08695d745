// Set-up on a fresh machine: the packages of package-lock.json when they are missing or older, then the bundles in dist/.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const lock = join(root, "package-lock.json");
const stamp = join(modules, ".basin-setup");
const say = (text) => process.stderr.write(`${text}\n`);

const lockHash = () => createHash("sha256").update(readFileSync(lock)).digest("hex");

/** Whether node_modules is what package-lock.json asks for. */
function installed() {
  if (!existsSync(modules)) return false;
  if (existsSync(stamp)) return readFileSync(stamp, "utf8") === lockHash();
  // Installed by hand: npm writes this file at the end of an install.
  const own = join(modules, ".package-lock.json");
  return existsSync(own) && statSync(own).mtimeMs >= statSync(lock).mtimeMs;
}

/** Settings for native builds: the headers that lie beside this Node, where there are some, so that none are downloaded. */
export function headers(node = process.execPath) {
  const prefix = join(dirname(node), "..");
  return existsSync(join(prefix, "include", "node", "node.h")) ? { npm_config_nodedir: prefix } : {};
}

function npm(...args) {
  const options = { cwd: root, stdio: ["ignore", 2, 2] };
  // Started by npm itself, its own script is at hand; on Windows npm is a .cmd file that only a shell can start.
  const script = process.env.npm_execpath;
  const { status } =
    script !== undefined && /npm-cli\.c?js$/.test(script)
      ? spawnSync(process.execPath, [script, ...args], options)
      : spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
  return status === 0;
}

function install() {
  if (installed()) return;
  say("Installing packages (npm ci) …");
  if (!npm("ci", "--no-fund", "--no-audit")) {
    say("npm ci failed; trying npm install …");
    if (!npm("install", "--no-fund", "--no-audit")) throw new Error("The packages could not be installed.");
  }
  writeFileSync(stamp, lockHash());
}

/** Installs and builds. @throws Error when either fails; what went wrong is on stderr. */
export function setup() {
  const [major] = process.versions.node.split(".").map(Number);
  if (major < 20) throw new Error(`Basin needs Node 20 or later; this is ${process.versions.node}.`);
  install();
  const { status } = spawnSync(process.execPath, ["esbuild.mjs"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("The build failed (node esbuild.mjs).");
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    setup();
  } catch (error) {
    say(error.message);
    process.exit(1);
  }
}
