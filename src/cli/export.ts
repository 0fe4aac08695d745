// `basin export RUN… --format F`: recorded runs as files for other programs.
import { basename, dirname, join, resolve } from "node:path";
import { workspaceOf } from "../launchers";
import { fileError } from "../protocol/errors";
import { suggest } from "../protocol/suggest";
import { exporters } from "../record/export";
import { printable } from "../util/printable";
import type { Arguments } from "./arguments";
import { exit, type Command } from "./command";
import { readExperiments } from "./experiments";
import { runsNamed } from "./namedRuns";
import { runScript, runsOption } from "./places";
import { rasterize } from "./rasterize";
import { print } from "./show/print";
import { skypilotTask } from "./skypilot";
import { writeOut } from "./writeOut";

const formats = exporters.map(({ format }) => format);

export const exportRuns: Command = {
  name: "export",
  usage: `RUN… --format ${formats.join("|")} [--out PATH] [--runs DIR], or FILE --format skypilot [--gpu NAME] [--out PATH]`,
  summary: "recorded runs as files for other programs",
  details: [
    ...exporters.map(({ format, summary }) => `${format}: ${summary}.`),
    "skypilot: of an experiment file, a task that SkyPilot starts on a cloud or on Kubernetes.",
  ].join("\n"),
  options: [
    { name: "format", value: "FORMAT", text: formats.join(", ") },
    {
      name: "out",
      value: "PATH",
      text: "the file or folder to write, written anew where it is there; - prints a single file (default: named after the run, in this folder)",
    },
    { name: "gpu", value: "NAME", text: "of a task for SkyPilot: the GPU as it names it, such as H100" },
    runsOption,
  ],
  words: { least: 1, most: Infinity, what: "a run" },
  run: async (given) => {
    const format = given.one("format");
    if (format === "skypilot") return await exportTask(given);
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

/** An experiment file as a task for SkyPilot. */
async function exportTask(given: Arguments): Promise<number> {
  const [{ file, points }] = readExperiments(given.words.slice(0, 1), []);
  if (given.words.length > 1)
    throw fileError(given.words[1], "is one file too many", "A task is of one experiment file.");
  const { experiment } = points[0];
  const workspace = workspaceOf(file);
  const basin = dirname(dirname(runScript));
  const text = skypilotTask({ experiment, file, workspace, basin, gpu: given.one("gpu") });
  const out = given.one("out") ?? `${basename(file, ".basin.json")}.sky.yaml`;
  if (out === "-") await printed(text);
  else {
    writeOut(resolve(out), [text]);
    print(`${out}\n`);
  }
  return exit.done;
}

function unknownFormat(format: string | undefined): Error {
  const known = `Formats: ${formats.join(", ")}, and of an experiment file skypilot.`;
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
