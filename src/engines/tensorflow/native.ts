// Loads tfjs-node, an optional dependency whose absence is normal.
import type * as tfjs from "@tensorflow/tfjs-core";
import type { TensorflowRuntime } from "./engine";

/** @throws when tfjs-node is not installed or its native library is missing. */
export async function loadNative(): Promise<TensorflowRuntime> {
  // A name in a variable keeps the bundler and the type checker from wanting the package.
  const name = "@tensorflow/tfjs-node";
  const tf = (await import(name).catch(explain)) as typeof tfjs & { version: { tfjs?: string } };
  return { tf, version: tf.version.tfjs ?? "unknown" };
}

/** Node names the importing file at length where "not installed" says it all. */
function explain(error: unknown): never {
  if ((error as { code?: string }).code === "ERR_MODULE_NOT_FOUND")
    throw new Error("@tensorflow/tfjs-node is not installed", { cause: error });
  throw error;
}
