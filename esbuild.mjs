// Bundles the entries: extension (editor host), browser (that of a browser window, which only looks), run (training process), queue (its worker), stability (a library), cli, mcp (its server for agents), exporters (formats that the editor names), webview and renderer (browser).
import { copyFileSync, mkdirSync } from "node:fs";
import { build, context } from "esbuild";
import { readyValidator } from "./scripts/readyValidator.mjs";

const watch = process.argv.includes("--watch");
const node = {
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  // jsonc-parser's "main" is UMD, whose require() calls no bundler can follow; its "module" bundles.
  mainFields: ["module", "main"],
  sourcemap: true,
  external: ["vscode", "onnxruntime-node", "onnxruntime-web", "@tensorflow/tfjs-node"],
  logLevel: "warning",
};
/** What is a bundle of its own, loaded by the one call that needs it: nothing else pays for its libraries at the start. */
const apart = (filter, path) => ({
  name: `apart: ${path}`,
  setup: (build) =>
    build.onResolve({ filter }, ({ kind }) => (kind === "dynamic-import" ? { path, external: true } : null)),
});
const ownServer = apart(/^\.\/mcp\/serve$/, "./mcp.js");
const ownExporters = apart(/\/record\/export$/, "./exporters.js");
const browser = {
  bundle: true,
  platform: "browser",
  target: "es2022",
  sourcemap: false,
  minify: true,
  logLevel: "warning",
};
const entries = [
  {
    ...node,
    entryPoints: ["src/extension/extension.ts"],
    outfile: "dist/extension.js",
    plugins: [ownExporters],
    minify: true,
  },
  { ...node, entryPoints: ["src/record/export/index.ts"], outfile: "dist/exporters.js", minify: true },
  {
    ...node,
    platform: "browser",
    target: "es2022",
    mainFields: ["module", "main"],
    entryPoints: ["src/extension/browser.ts"],
    outfile: "dist/browser.js",
    external: ["vscode"],
    minify: true,
  },
  { ...node, entryPoints: ["src/run/main.ts"], outfile: "dist/run.js" },
  { ...node, entryPoints: ["src/launchers/queueMain.ts"], outfile: "dist/queue.js" },
  { ...node, entryPoints: ["src/stability/index.ts"], outfile: "dist/stability.js", sourcemap: false },
  {
    ...node,
    entryPoints: ["src/cli/main.ts"],
    outfile: "dist/cli.js",
    banner: { js: "#!/usr/bin/env node" },
    plugins: [ownServer],
  },
  { ...node, entryPoints: ["src/cli/mcp/serve.ts"], outfile: "dist/mcp.js", minify: true },
  {
    ...browser,
    format: "iife",
    entryPoints: [
      "webview/panel.ts",
      "webview/current.ts",
      "webview/dashboard.ts",
      "webview/sweepMap.ts",
      "webview/table.ts",
      "webview/compare.ts",
    ],
    outdir: "dist/webview",
    loader: { ".css": "css", ".svg": "text" },
  },
  // A notebook loads it as a module; its styles stay in it.
  {
    ...browser,
    format: "esm",
    entryPoints: ["webview/notebook.ts"],
    outfile: "dist/renderer/run.js",
    loader: { ".css": "text", ".svg": "text" },
  },
];
/** What draws PNGs, and the one font of their words: the same picture on every machine. */
const files = [
  ["@resvg/resvg-wasm/index_bg.wasm", "resvg.wasm"],
  ["dejavu-fonts-ttf/ttf/DejaVuSans.ttf", "DejaVuSans.ttf"],
  ["dejavu-fonts-ttf/LICENSE", "DejaVuSans.LICENSE"],
];
mkdirSync("dist/png", { recursive: true });
for (const [from, to] of files) copyFileSync(`node_modules/${from}`, `dist/png/${to}`);
const validator = readyValidator(watch);
const all = entries.map((entry) => ({ ...entry, plugins: [...(entry.plugins ?? []), validator] }));
if (watch) {
  for (const entry of all) await (await context(entry)).watch();
} else {
  await Promise.all(all.map((entry) => build(entry)));
}
