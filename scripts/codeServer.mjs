// Installs VS Code (as code-server, from npm alone) into the user's cache for the end-to-end tests, and says where it is. Safe to call again.
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached, node24, npm } from "./npmCache.mjs";

/** Native parts that need their install scripts; everything else is installed without running any. */
const native = ["argon2", "@vscode/spdlog", "native-watchdog", "node-pty", "@parcel/watcher"];

/** The oldest VS Code that Basin supports, 1.96, and a current one, which needs Node 24. BASIN_VSCODE names one. */
const editors = {
  oldest: { version: "4.96.4", native, node: () => process.execPath },
  current: {
    version: "4.139.1",
    native: [...native, "@vscode/native-watchdog", "@vscode/fs-copyfile", "@vscode/sqlite3"],
    node: node24,
  },
};

const step = (text) => process.stderr.write(`code-server: ${text}\n`);

function install(temp, { version, native, node }) {
  step(`installing ${version} (a few minutes, once)`);
  const run = (cwd, ...args) => npm(cwd, args, node);
  run(temp, "install", "--ignore-scripts", `code-server@${version}`);
  const server = join(temp, "node_modules", "code-server");
  const vscode = join(server, "lib", "vscode");
  step("installing VS Code's own packages");
  // The shrinkwrap names a git host for one package; without it npm takes that package from the registry.
  rmSync(join(vscode, "npm-shrinkwrap.json"), { force: true });
  run(vscode, "install", "--ignore-scripts", "--omit=dev");
  step("installing the packages of VS Code's built-in extensions");
  const extensions = join(vscode, "extensions");
  rmSync(join(extensions, "npm-shrinkwrap.json"), { force: true });
  run(extensions, "install", "--ignore-scripts", "--omit=dev");
  step("building native modules");
  for (const folder of [server, temp, vscode, extensions]) {
    const here = native.filter((name) => existsSync(join(folder, "node_modules", name)));
    if (here.length > 0) run(folder, "rebuild", "--ignore-scripts=false", ...here);
  }
  const asar = join(vscode, "node_modules.asar");
  if (!existsSync(asar)) symlinkSync("node_modules", asar, "junction");
  step("ready");
}

/** Installs the editor named unless it is there; returns the Node that runs it and its entry file. @throws Error */
function installCodeServer(name) {
  const editor = editors[name];
  if (!editor) throw new Error(`BASIN_VSCODE: found ${name}, expected ${Object.keys(editors).join(" or ")}.`);
  const node = editor.node();
  const home = cached(`code-server-${editor.version}`, (temp) => install(temp, { ...editor, node }));
  return { node, entry: join(home, "node_modules", "code-server", "out", "node", "entry.js") };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(installCodeServer(process.env.BASIN_VSCODE ?? "oldest"))}\n`);
