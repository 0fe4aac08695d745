// Basin's command line as a process of its own: what it does the editor need not do a second time.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type * as vscode from "vscode";
import { pythonEnvironment } from "./settings";

/** The command line's bundle. */
export const cliScript = (context: vscode.ExtensionContext): string =>
  join(context.extensionPath, "dist", "cli.js");

/** What makes the editor's own executable a Node. */
export const asNode = { ELECTRON_RUN_AS_NODE: "1" } as const;

export interface CliOptions {
  readonly cwd?: string;
  readonly token?: vscode.CancellationToken;
  /** Called with each line of its output. */
  readonly onLine?: (line: string) => void;
}

export interface CliOutcome {
  /** null when it was cancelled. */
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

export function runCli(
  context: vscode.ExtensionContext,
  args: readonly string[],
  { cwd, token, onLine }: CliOptions = {},
): Promise<CliOutcome> {
  return new Promise((done, failed) => {
    const env = { ...process.env, ...pythonEnvironment(), ...asNode, NO_COLOR: "1" };
    const child = spawn(process.execPath, [cliScript(context), ...args], { env, cwd });
    const cancelled = token?.onCancellationRequested(() => child.kill("SIGTERM"));
    const lines: string[] = [];
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      onLine?.(line);
    });
    child.once("error", failed);
    child.once("close", (code) => {
      cancelled?.dispose();
      const status = token?.isCancellationRequested ? null : (code ?? 1);
      done({ status, output: lines.join("\n"), errors: errors.trim() });
    });
  });
}
