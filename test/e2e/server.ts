// A real VS Code for the scenarios: code-server with the packaged extension, on a loopback port, in a folder of its own.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { contributes } from "../../package.json";
import { holderOf, lifeOf } from "../../src/record/disk/processes";
import type { codeServer } from "./setup";

export interface Server {
  readonly url: string;
  /** The server's process: VS Code's other processes descend from it. */
  readonly pid: number;
  /** The opened workspace folder. */
  readonly workspace: string;
  /** The folder of installed extensions. */
  readonly extensions: string;
  /** The extension's own log, as far as written. */
  log(): string;
  /** The first group of `pattern` in that log, once it is written there. */
  logged(pattern: RegExp): Promise<string>;
  stop(): Promise<void>;
}

export interface Workspace {
  /** Writes what the workspace holds before VS Code sees it. */
  readonly fill?: (workspace: string) => void;
  /** What is opened of it: itself where not given, another folder, or a `.code-workspace` file. */
  readonly open?: (workspace: string) => string;
}

export async function startServer(
  editor: ReturnType<typeof codeServer>,
  vsix: string,
  settings: Record<string, unknown>,
  { fill, open = (folder) => folder }: Workspace = {},
): Promise<Server> {
  if ("missing" in editor) throw new Error(editor.missing);
  const { node, entry } = editor;
  const home = mkdtempSync(join(tmpdir(), "basin-e2e-"));
  const folder = (name: string) => {
    mkdirSync(join(home, name), { recursive: true });
    return join(home, name);
  };
  const [workspace, user, extensions] = [folder("workspace"), folder("user"), folder("extensions")];
  fill?.(workspace);
  const opened = open(workspace);
  const query = opened.endsWith(".code-workspace") ? "workspace" : "folder";
  for (const [kind, own] of Object.entries(byPlace(settings))) {
    mkdirSync(join(user, kind), { recursive: true });
    writeFileSync(join(user, kind, "settings.json"), JSON.stringify(own));
  }
  const folders = ["--user-data-dir", user, "--extensions-dir", extensions];
  const env = {
    ...process.env,
    HOME: home,
    XDG_CONFIG_HOME: folder("config"),
    XDG_DATA_HOME: folder("data"),
  };
  execFileSync(node, [entry, ...folders, "--install-extension", vsix], { env, stdio: "pipe" });
  const port = await freePort();
  const trust = settings["security.workspace.trust.enabled"] === true ? [] : ["--disable-workspace-trust"];
  const all = [entry, ...folders, ...flags, ...trust, "--bind-addr", `127.0.0.1:${port}`];
  const child = spawn(node, all, { env, stdio: ["ignore", "pipe", "pipe"] });
  await listening(child);
  return {
    url: `http://127.0.0.1:${port}/?${query}=${encodeURIComponent(opened)}`,
    pid: child.pid ?? 0,
    workspace,
    extensions,
    log: () => basinLogs(user),
    logged: (pattern) => logged(user, pattern),
    stop: async () => {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
      endRuns(workspace);
      await remove(home);
    },
  };
}

/**
 * A window on a server takes settings of the machine from the server's own file. In the user's they hold only until that file is read
 * again, as after a change of the colour theme, for then VS Code knows their scope.
 */
function byPlace(settings: Record<string, unknown>) {
  const declared: Partial<Record<string, { readonly order: number; readonly scope?: string }>> =
    contributes.configuration.properties;
  const isOfMachine = ([name]: [string, unknown]) => declared[name]?.scope?.startsWith("machine") === true;
  const all = Object.entries(settings);
  return {
    User: Object.fromEntries(all.filter((one) => !isOfMachine(one))),
    Machine: Object.fromEntries(all.filter(isOfMachine)),
  };
}

/** The extension host outlives the server for a moment, and may put the index of a long log into a folder that is being emptied. */
async function remove(folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++)
    try {
      return rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    } catch (error) {
      if (attempt === 5) throw error;
      await setTimeout(500);
    }
}

/** Runs are detached on purpose and outlive the server: those of this workspace end with it. */
function endRuns(workspace: string): void {
  const runs = join(workspace, ".basin", "runs");
  if (!existsSync(runs)) return;
  for (const name of readdirSync(runs)) {
    const holder = holderOf(join(runs, name));
    try {
      if (holder && lifeOf(holder) === "alive") process.kill(holder.pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

const flags = ["--auth", "none", "--disable-telemetry", "--disable-update-check"];

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      if (/HTTP server listening/i.test(said)) resolve();
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`code-server ended with ${code}:\n${said}`)));
  });
}

/** VS Code writes logs now and then: looks until the line is there, for at most 20 s. */
async function logged(user: string, pattern: RegExp): Promise<string> {
  for (const end = Date.now() + 20_000; Date.now() < end; await setTimeout(100)) {
    const found = pattern.exec(basinLogs(user));
    if (found) return found[1];
  }
  throw new Error(`Not in the log: ${pattern}\n${basinLogs(user)}`);
}

function basinLogs(user: string): string {
  const logs = join(user, "logs");
  if (!existsSync(logs)) return "";
  return readdirSync(logs, { recursive: true, encoding: "utf8" })
    .filter((name) => /Basin\.log$/.test(name))
    .map((name) => readFileSync(join(logs, name), "utf8"))
    .join("\n");
}
