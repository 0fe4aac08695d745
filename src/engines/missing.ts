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

/** tfjs-node downloads a library when it is installed; since summer 2026 its home refuses. */
export const tensorflowMissing = (): string => {
  const major = Number(process.versions.node.split(".")[0]);
  const tooNew = `Node ${major} is too new for its version 4.22 (tensorflow/tfjs issue 8609); use Node 20 or 22. `;
  return (
    `Optional. ${major >= 23 ? tooNew : ""}Its installation downloads libtensorflow, which has been refused since summer 2026 ` +
    "(tensorflow/tfjs issue 8742); from a mirror of your own: " +
    "`TFJS_NODE_BASE_URI=https://your.host/libtensorflow- npm install @tensorflow/tfjs-node` beside Basin."
  );
};
