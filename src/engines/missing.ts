// What to do about an engine that does not load, in words that fit this machine.

const platform = (): string => `${process.platform}-${process.arch}`;
/** The platforms onnxruntime-node 1.30 has a binary for. */
const native = ["win32-x64", "win32-arm64", "linux-x64", "linux-arm64", "darwin-arm64"];

export const nativeMissing = (): string =>
  native.includes(platform())
    ? "Reinstall Basin for this platform, or `npm install onnxruntime-node` (on Linux it needs glibc, so not Alpine)."
    : `There is no native ONNX Runtime for ${platform()}; the WebAssembly build takes its place.`;

export const wasmMissing = (): string =>
  native.includes(platform())
    ? "The extension for this platform leaves it out, as it has the native one. From a clone: `npm install onnxruntime-web`."
    : "Reinstall Basin for this platform, or `npm install onnxruntime-web`.";

export const tensorflowMissing = (): string =>
  "Optional: `basin fetch tensorflow`, or *Basin: Get the TensorFlow Engine* in VS Code, builds it on Linux from its npm and PyPI packages.";
