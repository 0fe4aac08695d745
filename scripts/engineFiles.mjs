// The engine files of one VSIX: native ONNX Runtime where it has a binary for the platform, else, as for the universal one, its WebAssembly build.
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

function packageFolder(name, from = root) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) throw new Error(`${name} is not installed; run npm ci first.`);
  }
}

const unwanted = /\.(map|ts|mts)$|[\\/]esm[\\/]/;

function copy(from, to, parts) {
  for (const part of parts.filter((name) => existsSync(join(from, name)))) {
    mkdirSync(dirname(join(to, part)), { recursive: true });
    const filter = (path) => !unwanted.test(path);
    cpSync(join(from, part), join(to, part), { recursive: true, dereference: true, filter });
  }
}

/**
 * Copies an engine to `modules`, a node_modules folder where a bundle's require finds it, without other platforms' binaries.
 * Returns which: "onnx" or "wasm".
 */
export function copyEngine(target, modules) {
  const [os, arch] = target.split("-");
  const node = packageFolder("onnxruntime-node");
  const binary = join("bin", "napi-v6", os, arch ?? "");
  const name = existsSync(join(node, binary)) ? "onnx" : "wasm";
  const from = name === "onnx" ? node : packageFolder("onnxruntime-web");
  const wasm = ["ort.node.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
  const parts = name === "onnx" ? ["dist", binary] : wasm.map((file) => join("dist", file));
  const own = name === "onnx" ? "onnxruntime-node" : "onnxruntime-web";
  copy(from, join(modules, own), ["package.json", "LICENSE", ...parts]);
  copy(packageFolder("onnxruntime-common", from), join(modules, "onnxruntime-common"), [
    "package.json",
    "LICENSE",
    join("dist", "cjs"),
  ]);
  return name;
}
