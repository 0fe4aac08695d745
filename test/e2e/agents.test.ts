// Agents in the editor: VS Code starts Basin's server of the Model Context Protocol and asks for its tools.
import { expect } from "vitest";
import { inVsCode, openVsCode, testInCurrent } from "./scenario";
import type { Workbench } from "./workbench";

inVsCode("Agents in VS Code", () => {
  let workbench: Workbench;
  const { shot } = openVsCode({}, (vsCode) => ({ workbench } = vsCode));

  testInCurrent("VS Code lists Basin's server, starts it, and learns its tools", async () => {
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
