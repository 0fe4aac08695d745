// The package for platforms without one of their own: installed in real VS Code, it trains with the WebAssembly engine it holds.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { experiments } from "./experiments";
import { startServer, type Server } from "./server";
import { settings } from "./settings";
import { codeServer, packedExtension } from "./setup";
import { Workbench } from "./workbench";

const found = codeServer();
if ("missing" in found) console.log(`Skipped the end-to-end tests: ${found.missing}.`);

describe.skipIf("missing" in found)("The universal package", () => {
  let server: Server;
  let workbench: Workbench;

  beforeAll(async () => {
    server = await startServer(found, packedExtension("universal"), settings, fill);
    workbench = await Workbench.open(server.url);
  });

  afterAll(async () => {
    await workbench?.close();
    await server?.stop();
  });

  /** An experiment that asks for this engine: for one that does not, small nets run on kernels of Basin's own. */
  function fill(workspace: string): void {
    const experiment = { ...experiments.tooFast, engine: "wasm" };
    writeFileSync(join(workspace, "wasm.basin.json"), JSON.stringify(experiment, null, 2));
  }

  test("it holds no native engine, and trains a run to its verdict in WebAssembly", async () => {
    const [name] = readdirSync(server.extensions).filter((folder) => folder.startsWith("basin."));
    expect(readdirSync(join(server.extensions, name, "dist", "node_modules")).sort()).toEqual([
      "onnxruntime-common",
      "onnxruntime-web",
    ]);
    await workbench.openFile("wasm.basin.json");
    await workbench.lens("▶ Run").click();
    await workbench.panel().banner.filter({ hasText: "above" }).waitFor();
    const runs = join(server.workspace, ".basin", "runs");
    const [run] = readdirSync(runs);
    const [header] = readFileSync(join(runs, run, "events.jsonl"), "utf8").split("\n");
    expect((JSON.parse(header) as { engine: string }).engine).toMatch(/^wasm /);
    const { verdict } = JSON.parse(readFileSync(join(runs, run, "verdict.json"), "utf8")) as {
      verdict: string;
    };
    expect(verdict).toBe("unstable-mean");
  });
});
