// One real VS Code and the browser that shows it, from its start to its end.
import { writeExperiments } from "./experiments";
import { startServer, type Server } from "./server";
import { settings } from "./settings";
import type { codeServer } from "./setup";
import { Workbench } from "./workbench";

export interface VsCodeOptions {
  /** User settings beside the usual ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Writes what the workspace holds before VS Code sees it; where not given, the experiments. */
  readonly fill?: (workspace: string) => void;
  /** What is opened, given the workspace folder: it, another folder, or a `.code-workspace` file. */
  readonly open?: (workspace: string) => string;
  /** The package that is installed, as package.mjs names it; where not given, this platform's. */
  readonly target?: string;
}

export interface VsCode {
  readonly server: Server;
  readonly workbench: Workbench;
}

export async function startVsCode(
  editor: ReturnType<typeof codeServer>,
  vsix: string,
  { settings: own, fill = writeExperiments, open }: VsCodeOptions = {},
): Promise<VsCode> {
  const server = await startServer(editor, vsix, { ...settings, ...own }, { fill, open });
  try {
    return { server, workbench: await Workbench.open(server.url) };
  } catch (error) {
    console.log(server.log());
    await server.stop();
    throw error;
  }
}

export async function stopVsCode({ server, workbench }: VsCode): Promise<void> {
  await workbench.close();
  await server.stop();
}
