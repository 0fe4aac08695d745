// Bundles one TypeScript entry of test/ with esbuild and runs it in this Node: for scripts that share the tests' page objects.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { root, setup } from "./setup.mjs";

/** Ends this process with the entry's exit status. `entry` is relative to the root; it may look for the root two folders up. */
export async function runTypescript(entry, args) {
  setup();
  const { build } = await import("esbuild");
  const outfile = join(root, "dist", "tools", `${basename(entry, ".ts")}.mjs`);
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    // CommonJS whose named exports Node does not see: bundled. What it requires itself is then required from here.
    alias: { "onnx-proto": createRequire(import.meta.url).resolve("onnx-proto") },
    banner: {
      js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
    },
    logLevel: "warning",
  });
  const child = spawn(process.execPath, [outfile, ...args], { cwd: root, stdio: "inherit" });
  // A Ctrl-C reaches the entry as well; this process waits for it to clean up.
  process.on("SIGINT", () => undefined);
  child.on("exit", (code) => process.exit(code ?? 1));
}
