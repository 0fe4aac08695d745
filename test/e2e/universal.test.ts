// The package for platforms without one of their own: installed in real VS Code, it trains with the WebAssembly engine it holds.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { experiments } from "./experiments";
import { inVsCode, openVsCode } from "./scenario";
import type { Server } from "./server";
import type { Workbench } from "./workbench";

inVsCode("The universal package", () => {
  let server: Server;
  let workbench: Workbench;
  openVsCode({ target: "universal", fill }, (vsCode) => ({ server, workbench } = vsCode));

  /** An experiment that asks for this engine: for one that does not, small nets run on kernels of Basin's own. */
  function fill(workspace: string): void {
    const experiment = { ...experiments.tooFast, engine: "wasm" };
    writeFileSync(join(workspace, "wasm.basin.json"), JSON.stringify(experiment, null, 2));
  }

  const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), "utf8"));

  test("it holds no native engine, and trains a run to its verdict in WebAssembly", async () => {
    const [name] = readdirSync(server.extensions).filter((folder) => folder.startsWith("basin."));
    expect(readdirSync(join(server.extensions, name, "dist", "node_modules")).sort()).toEqual([
      "onnxruntime-common",
      "onnxruntime-web",
    ]);
    await workbench.openFile("wasm.basin.json");
    await workbench.lens("▶ Run").click();
    await workbench.panel().status.filter({ hasText: "finished" }).waitFor();
    const runs = join(server.workspace, ".basin", "runs");
    const [run] = readdirSync(runs);
    const [header] = readFileSync(join(runs, run, "events.jsonl"), "utf8").split("\n");
    expect(JSON.parse(header)).toMatchObject({ engine: expect.stringMatching(/^wasm /) });
    expect(json(runs, run, "verdict.json")).toMatchObject({ verdict: "unstable-mean" });
  });
});
