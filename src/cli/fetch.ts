// `basin fetch NAME`: brings a public data set, or the TensorFlow engine, into the cache, from where experiments use it by name.
import { join } from "node:path";
import { cacheHere } from "../protocol/cacheFolder";
import { howToGet, isSetName, namedSets, setNames, type NamedSet } from "../protocol/namedSets";
import { suggest } from "../protocol/suggest";
import { stringify } from "../protocol/numbers";
import { usageError } from "./arguments";
import { exit, type Command } from "./command";
import { engineName, fetchEngine } from "./fetchEngine";
import { patience } from "./download/download";
import { fetchSet } from "./download/fetchSet";
import { reportFor } from "./download/report";

const names = [...setNames, engineName];

export const fetch: Command = {
  name: "fetch",
  usage: "NAME [--from URL] [--yes] [--json]",
  summary: "bring a public data set or the TensorFlow engine into the cache, for use by its name",
  details: [
    `Data sets: ${setNames.join(", ")}. Every download is checked against its published MD5 checksum. Ctrl-C keeps`,
    "what has arrived; the same command goes on from there. The cache is BASIN_CACHE, else the platform's usual folder.",
    "",
    '`basin fetch tensorflow` builds the engine "tensorflow" (Linux, x64): it downloads about 350 MB with npm and pip, compiles',
    "with your C++ compiler and fills 1 GB of the cache. It asks first.",
  ].join("\n"),
  options: [
    { name: "from", value: "URL", text: "a folder on a server of your own that has the same files" },
    { name: "yes", text: "build the TensorFlow engine without asking" },
    { name: "json", text: "print progress and files as one JSON object a line" },
  ],
  words: { least: 1, most: 1, what: `a name: ${names.join(", ")}` },
  run: async (given) => {
    const [name] = given.words;
    if (name === engineName) return fetchEngine(given);
    if (!isSetName(name)) throw unknownSet(name);
    const set: NamedSet = namedSets[name];
    const homes = homesOf(given.one("from"));
    const folder = join(cacheHere(), name);
    const json = given.has("json");
    const report = reportFor(process.stdout, json);
    const interrupt = new AbortController();
    const stop = () => interrupt.abort();
    // Once: a second Ctrl-C ends the process as if nobody listened.
    process.once("SIGINT", stop).once("SIGTERM", stop);
    try {
      await fetchSet(set, folder, report, { ...patience, signal: interrupt.signal, homes });
      if (json) process.stdout.write(`${stringify({ kind: "end", set: name, folder })}\n`);
      else process.stdout.write(`Use it with "data": { "source": "${name}" }.\n`);
      return exit.done;
    } catch (error) {
      report.end();
      if (!interrupt.signal.aborted) throw withHint(error, set, folder);
      process.stderr.write("Stopped. What has arrived is kept; the same command goes on from there.\n");
      return exit.interrupted;
    } finally {
      process.off("SIGINT", stop).off("SIGTERM", stop);
    }
  },
};

function unknownSet(name: string): Error {
  const meant = suggest(name, names);
  const hint = meant ? `Did you mean "${meant}"?` : `Names: ${names.join(", ")}.`;
  return usageError("fetch", `unknown data set "${name}"`, hint);
}

/** The folder given with --from, or undefined for the set's own homes. */
function homesOf(from: string | undefined): readonly string[] | undefined {
  if (from === undefined) return undefined;
  if (!/^https?:\/\/./.test(from) || !URL.canParse(from))
    throw usageError("fetch", `--from expects an http or https URL; found "${from}"`);
  return [from.endsWith("/") ? from : `${from}/`];
}

function withHint(error: unknown, set: NamedSet, folder: string): unknown {
  if (!(error instanceof Error) || error.name === "UserError") return error;
  const hint = howToGet(set, folder).replace(/^.*?Offline/, "Offline");
  return new Error(`${error.message}\n${hint}`);
}
