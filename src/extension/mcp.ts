// Offers Basin's tools to agents in the editor: a server a workspace folder, where this VS Code has the API for it (1.101 and later).
import { join } from "node:path";
import * as vscode from "vscode";
import { version } from "../../package.json";
import { runsDirOf } from "../launchers";
import { asNode, cliScript } from "./cliProcess";
import type { Disposables } from "./disposables";
import { folders, runsDirFor } from "./disk/runsDirs";
import { mcpProvider } from "./ids";
import { mcpArguments } from "./mcpArguments";
import type { Services } from "./services";
import { agentsMayRun, onSettingChange } from "./settings";

export function registerMcp({ context }: Services, own: Disposables): void {
  // Missing in the oldest VS Code that Basin supports, whatever its types say.
  if (typeof vscode.lm?.registerMcpServerDefinitionProvider !== "function") return;
  const changed = own.own(new vscode.EventEmitter<void>());
  const tell = () => changed.fire();
  own.own(vscode.workspace.onDidChangeWorkspaceFolders(tell));
  own.own(vscode.workspace.onDidGrantWorkspaceTrust(tell));
  own.own(onSettingChange(["mcp.allowRuns", "runsFolder"], tell));
  const provider: vscode.McpServerDefinitionProvider = {
    onDidChangeMcpServerDefinitions: changed.event,
    // In an untrusted workspace nothing is measured either.
    provideMcpServerDefinitions: () =>
      vscode.workspace.isTrusted ? folders().map((folder) => serverOf(context, folder)) : [],
  };
  own.own(vscode.lm.registerMcpServerDefinitionProvider(mcpProvider, provider));
}

function serverOf(context: vscode.ExtensionContext, folder: string): vscode.McpStdioServerDefinition {
  const many = folders().length > 1;
  const name = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(folder))?.name;
  const dir = runsDirFor(join(folder, "any.basin.json"));
  const args = mcpArguments(folder, {
    ...(dir !== runsDirOf(folder) && { runs: dir }),
    allowRuns: agentsMayRun(),
  });
  return new vscode.McpStdioServerDefinition(
    many && name !== undefined ? `Basin: ${name}` : "Basin",
    process.execPath,
    [cliScript(context), ...args],
    asNode,
    // What it offers changes with the arguments too.
    `${version} ${args.join(" ")}`,
  );
}
