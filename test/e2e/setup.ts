// What the scenarios need: code-server, Chromium and the packaged extension. Says why when something cannot be had.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromiumPath } from "./workbench";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const script = (name: string, ...args: string[]): string =>
  execFileSync(process.execPath, [join(root, "scripts", name), ...args], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });

/** A code-server: the Node that runs it and its entry file. */
export interface Editor {
  readonly node: string;
  readonly entry: string;
}

/** Whether the scenarios run in a current VS Code, not in the oldest supported. */
export const inCurrent = process.env.BASIN_VSCODE === "current";

/** The code-server that BASIN_VSCODE names, `oldest` or `current`, or why these tests cannot run here. */
export function codeServer(): Editor | { readonly missing: string } {
  if (!existsSync(chromiumPath)) return { missing: `no Chromium at ${chromiumPath} (set BASIN_CHROMIUM)` };
  try {
    return JSON.parse(script("codeServer.mjs"));
  } catch (error) {
    return { missing: `code-server could not be installed: ${String(error).slice(0, 200)}` };
  }
}

/** Packs the extension as users of a platform get it, of this one unless another is named; returns the file. */
export function packedExtension(target = `${process.platform}-${process.arch}`): string {
  const said = script("package.mjs", target);
  console.log(said.trim().split("\n").at(-1));
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const file = join(root, `basin-${target}.vsix`);
  if (!existsSync(file)) throw new Error(`package.mjs did not make ${file} (version ${version})`);
  return file;
}
