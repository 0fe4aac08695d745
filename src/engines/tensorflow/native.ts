// Loads tfjs-node, an optional dependency whose absence is normal.
import type * as tfjs from "@tensorflow/tfjs-core";
import type { TensorflowRuntime } from "./engine";

/** @throws when tfjs-node is not installed or its native library is missing. */
export async function loadNative(): Promise<TensorflowRuntime> {
  // A name in a variable keeps the bundler and the type checker from wanting the package.
  const name = "@tensorflow/tfjs-node";
  const tf = (await import(name)) as typeof tfjs & { version: { tfjs?: string } };
  return { tf, version: tf.version.tfjs ?? "unknown" };
}
