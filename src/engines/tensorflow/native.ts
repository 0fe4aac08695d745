// Loads tfjs-node from where it was built, or from beside Basin. Its absence is normal.
import { createRequire } from "node:module";
import type * as tfjs from "@tensorflow/tfjs-core";
import type { TensorflowRuntime } from "./engine";

// A name in a variable keeps the bundler and the type checker from wanting the package.
const name = "@tensorflow/tfjs-node";

/**
 * @param folder   Where node_modules holds the package.
 * @param threads  Threads inside one operation, of the whole process: what is asked for first holds. Default: TensorFlow's own.
 * @throws when the package is not there, or its native library does not load.
 */
export async function loadNative(folder: string, threads?: number): Promise<TensorflowRuntime> {
  const load = createRequire(`${folder}/package.json`);
  restoreUtil(load("node:util") as OldUtil);
  // Else it tells on stderr which instructions it was built without.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  // TensorFlow reads it once, when its first operation runs.
  if (threads !== undefined) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  const tf = (isThere(load) ? load(name) : await import(name).catch(explain)) as typeof tfjs & {
    version: { tfjs?: string };
  };
  return { tf, version: tf.version.tfjs ?? "unknown" };
}

function isThere(load: NodeJS.Require): boolean {
  try {
    load.resolve(name);
    return true;
  } catch {
    return false;
  }
}

interface OldUtil {
  isNullOrUndefined?: (x: unknown) => boolean;
  isArray?: (x: unknown) => boolean;
}

/** tfjs-node 4.22 calls two functions that Node 23 removed (tensorflow/tfjs issue 8609). */
function restoreUtil(util: OldUtil): void {
  util.isNullOrUndefined ??= (x) => x === null || x === undefined;
  util.isArray ??= Array.isArray;
}

/** Node names the importing file at length where "not installed" says it all. */
function explain(error: unknown): never {
  if ((error as { code?: string }).code === "ERR_MODULE_NOT_FOUND")
    throw new Error(`${name} is not installed`, { cause: error });
  throw error;
}
