// Where fetched data sets, and the engine that is built here, are kept on this machine.
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** The npm package of native TensorFlow. */
export const tensorflowPackage = { name: "@tensorflow/tfjs-node", version: "4.22.0" } as const;

/** A folder whose node_modules holds that package with its native library, once `basin fetch tensorflow` has built it. */
export const tensorflowFolder = (): string => join(cacheHere(), `tensorflow-${tensorflowPackage.version}`);

/** This machine's cache folder. */
export const cacheHere = (): string => cacheFolder(process.env, process.platform, homedir());

/**
 * The folder that holds one folder per fetched set: BASIN_CACHE, else where this platform keeps what can be fetched again.
 *
 * @source XDG Base Directory Specification; Apple's File System Programming Guide; Windows' known folder LocalAppData.
 */
export function cacheFolder(env: Environment, platform: string, home: string): string {
  if (env.BASIN_CACHE) return env.BASIN_CACHE;
  if (platform === "darwin") return join(home, "Library", "Caches", "basin");
  if (platform === "win32") return join(env.LOCALAPPDATA || join(home, "AppData", "Local"), "basin", "Cache");
  return join(env.XDG_CACHE_HOME || join(home, ".cache"), "basin");
}
