// `basin mcp`: a Model Context Protocol server over stdio. The server is a bundle of its own, loaded by this call alone.
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { workspaceOf } from "../launchers";
import { fileError } from "../protocol/errors";
import { exit, type Command } from "./command";
import { runsOption } from "./places";

export const mcp: Command = {
  name: "mcp",
  usage: "[DIR] [--runs DIR] [--allow-runs]",
  summary: "serve the runs of a workspace to agents, over the Model Context Protocol on stdin and stdout",
  details: [
    "Tools: list, read, compare, measure; with --allow-runs also run and stop. No file outside DIR (default: the workspace around this folder) is read, but for fetched data sets and the runs folder that --runs names.",
    'A client starts it by itself, e.g. { "command": "basin", "args": ["mcp", "/path/to/workspace"] }.',
  ].join("\n"),
  options: [
    runsOption,
    {
      name: "allow-runs",
      text: "let the agent train experiments and stop runs; without it nothing is written",
    },
  ],
  words: { least: 0, most: 1, what: "at most one folder" },
  run: async (given) => {
    const root = rootOf(given.words[0]);
    const { serve } = await import("./mcp/serve");
    const runs = given.one("runs");
    const allowRuns = given.has("allow-runs");
    await serve({ root, allowRuns, ...(runs !== undefined && { runsDir: resolve(runs) }) });
    return exit.done;
  },
};

/** The folder to serve. @throws UserError where it is none: here, for the server's bundle has a class of that name of its own. */
function rootOf(named: string | undefined): string {
  if (named === undefined) return workspaceOf(join(process.cwd(), "any.basin.json"));
  if (statSync(named, { throwIfNoEntry: false })?.isDirectory()) return resolve(named);
  throw fileError(named, "is no folder", "Name the folder of the workspace to serve: basin mcp DIR.");
}
