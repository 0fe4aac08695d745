// `basin export RUN… --format F`: recorded runs as files for other programs.
import { join, resolve } from "node:path";
import { fileError } from "../protocol/errors";
import { suggest } from "../protocol/suggest";
import { exporters } from "../record/export";
import { printable } from "../util/printable";
import { exit, type Command } from "./command";
import { runsNamed } from "./namedRuns";
import { runsOption } from "./places";
import { rasterize } from "./rasterize";
import { print } from "./show/print";
import { writeOut } from "./writeOut";

const formats = exporters.map(({ format }) => format);

export const exportRuns: Command = {
  name: "export",
  usage: `RUN… --format ${formats.join("|")} [--out PATH] [--runs DIR]`,
  summary: "recorded runs as files for other programs",
  details: exporters.map(({ format, summary }) => `${format}: ${summary}.`).join("\n"),
  options: [
    { name: "format", value: "FORMAT", text: formats.join(", ") },
    {
      name: "out",
      value: "PATH",
      text: "the file or folder to write, written anew where it is there; - prints a single file (default: named after the run, in this folder)",
    },
    runsOption,
  ],
  words: { least: 1, most: Infinity, what: "a run" },
  run: async (given) => {
    const format = given.one("format");
    const exporter = exporters.find((one) => one.format === format);
    if (!exporter) throw unknownFormat(format);
    const runs = await runsNamed(given);
    const parts = await exporter.parts(runs, { rasterize });
    const base = runs.length === 1 ? runs[0].info.id : `${runs[0].info.id}-and-${runs.length - 1}-more`;
    const out = given.one("out") ?? exporter.fileName(base);
    if (out === "-") {
      if (parts.length !== 1 || parts[0].path !== "")
        throw fileError("--out", `${exporter.format} is a folder and cannot be printed`, "Name a folder.");
      for (const piece of parts[0].data) await printed(piece);
      return exit.done;
    }
    for (const { path, data } of parts) writeOut(path === "" ? resolve(out) : join(resolve(out), path), data);
    print(`${out}\n`);
    return exit.done;
  },
};

function unknownFormat(format: string | undefined): Error {
  const known = `Formats: ${formats.join(", ")}.`;
  if (format === undefined) return fileError("--format", "is missing", known);
  const near = suggest(format, formats);
  return fileError(
    "--format",
    `${printable(format)} is no format`,
    near ? `Did you mean "${near}"? ${known}` : known,
  );
}

const printed = (piece: string | Uint8Array): Promise<void> =>
  new Promise((done, failed) => process.stdout.write(piece, (error) => (error ? failed(error) : done())));
