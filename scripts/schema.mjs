// Writes schema, experiment types and kinds.json anew from what the kinds declare.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { root, setup } from "./setup.mjs";

setup();
const { build } = await import("esbuild");
const outfile = join(root, "dist", "tools", "schema.cjs");
await build({
  entryPoints: [join(root, "scripts", "schema", "write.ts")],
  outfile,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  external: ["onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs-node"],
  mainFields: ["module", "main"],
  logLevel: "warning",
});
process.exit(spawnSync(process.execPath, [outfile], { cwd: root, stdio: "inherit" }).status ?? 1);
