// Which file of a workspace a recorded run came from: its run.json names a path of the machine it ran on, which may be any other. Pure.

/**
 * The file whose path within the workspace is the longest end of `written`; undefined where none fits.
 *
 * @param written  An absolute path, of whatever system.
 * @param paths    Paths within the workspace, with "/".
 */
export function fileHere(written: string, paths: readonly string[]): string | undefined {
  const end = `/${written.replaceAll("\\", "/")}`;
  return paths
    .filter((path) => path !== "" && end.endsWith(`/${path}`))
    .sort((a, b) => b.length - a.length)
    .at(0);
}
