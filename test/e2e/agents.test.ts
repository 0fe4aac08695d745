// Agents in the editor: VS Code starts Basin's server of the Model Context Protocol and asks for its tools.
import { expect, test } from "vitest";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import { inCurrent } from "./setup";
import type { Workbench } from "./workbench";

inVsCode("Agents in VS Code", () => {
  let server: Server;
  let workbench: Workbench;
  const { shot } = openVsCode({}, (vsCode) => ({ server, workbench } = vsCode));

  if (!inCurrent) {
    test("a VS Code without the API for it gets everything else", async () => {
      await server.logged(/Activated in ([\d.]+) ms/);
      expect(server.log()).not.toMatch(/\[error\]/);
    });
    return;
  }

  test("VS Code lists Basin's server, starts it, and learns its tools", async () => {
    await workbench.command("MCP: List Servers");
    await workbench.pick("Basin");
    await workbench.pick("Start Server");
    // Without leave to run anything.
    await workbench.output("Discovered 5 tools").waitFor();
    await shot("agents");
    await workbench.command("MCP: List Servers");
    expect(await workbench.offered("Basin")).toMatch(/Running/);
  });
});
