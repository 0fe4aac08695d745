// Installs VS Code (as code-server, from npm alone) into the user's cache for the end-to-end tests, and says where it is. Safe to call again.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { headers } from "./setup.mjs";

export const version = "4.96.4";
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "basin");
const home = join(cache, `code-server-${version}`);

/** Native parts that need their install scripts; everything else is installed without running any. */
const native = ["argon2", "@vscode/spdlog", "native-watchdog", "node-pty", "@parcel/watcher"];

/** The entry file of code-server, or undefined where it is not installed. */
export function installedEntry() {
  const entry = join(home, "node_modules", "code-server", "out", "node", "entry.js");
  return existsSync(entry) ? entry : undefined;
}

function npm(cwd, ...args) {
  const flags = ["--no-audit", "--no-fund", "--loglevel=error"];
  // npm in a script of npm inherits its settings (among them this project's .npmrc): start from a clean slate.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle|command)/i.test(key)),
  );
  const { status } = spawnSync("npm", [...args, ...flags], {
    cwd,
    env: { ...env, ...headers() },
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in ${cwd}`);
}

const step = (text) => process.stdout.write(`code-server: ${text}\n`);

/** Installs code-server unless it is there; returns its entry file. */
export function installCodeServer() {
  const found = installedEntry();
  if (found) return found;
  mkdirSync(cache, { recursive: true });
  const temp = mkdtempSync(join(cache, "installing-"));
  try {
    step(`installing ${version} (a few minutes, once)`);
    npm(temp, "init", "--yes");
    npm(temp, "install", "--ignore-scripts", `code-server@${version}`);
    const server = join(temp, "node_modules", "code-server");
    const vscode = join(server, "lib", "vscode");
    step("installing VS Code's own packages");
    // The shrinkwrap names a git host for one package; without it npm takes that package from the registry.
    rmSync(join(vscode, "npm-shrinkwrap.json"), { force: true });
    npm(vscode, "install", "--ignore-scripts", "--omit=dev");
    step("installing the packages of VS Code's built-in extensions");
    const extensions = join(vscode, "extensions");
    rmSync(join(extensions, "npm-shrinkwrap.json"), { force: true });
    npm(extensions, "install", "--ignore-scripts", "--omit=dev");
    step("building native modules");
    for (const folder of [server, temp, vscode, extensions]) {
      const here = native.filter((name) => existsSync(join(folder, "node_modules", name)));
      if (here.length > 0) npm(folder, "rebuild", "--ignore-scripts=false", ...here);
    }
    const asar = join(vscode, "node_modules.asar");
    if (!existsSync(asar)) symlinkSync("node_modules", asar, "junction");
    if (!existsSync(home)) renameSync(temp, home);
    step("ready");
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
  return installedEntry();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${installCodeServer()}\n`);
