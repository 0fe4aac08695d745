// Basin: Rename Run, Edit Note and Edit Tags: what people add to runs, kept in `.basin/notes/`.
import * as vscode from "vscode";
import { changeNote, type RunRecord } from "../../launchers";
import { longestNote, type NoteChange } from "../../record/runNote";
import { runKeysOf } from "../runsOf";
import type { TrainingServices } from "../services";
import type { Command } from "./command";
import { commandIds } from "./ids";
import { pickRun } from "./pickRun";

/** The runs a command was called with, else the one that the user picks. */
async function runsFor(
  services: TrainingServices,
  argument: unknown,
  placeHolder: string,
): Promise<readonly RunRecord[]> {
  const keys = runKeysOf(argument);
  if (keys.length > 0) return keys.flatMap((key) => services.runs.byKey(key) ?? []);
  const run = await pickRun(services, argument, () => true, { placeHolder, none: "there is no run yet." });
  return run ? [run] : [];
}

async function change(
  services: TrainingServices,
  runs: readonly RunRecord[],
  made: NoteChange,
): Promise<void> {
  for (const { folder } of runs) changeNote(folder, made);
  await services.runs.refresh();
}

/** Said while it is typed. */
const atMost = (longest: number, what: string) => (text: string) =>
  [...text].length > longest
    ? `${what} has at most ${longest} characters; this has ${[...text].length}.`
    : undefined;

const several = (runs: readonly RunRecord[]): string => (runs.length > 1 ? ` of ${runs.length} runs` : "");

export const rename: Command = {
  id: commandIds.rename,
  title: "Rename Run",
  needs: "trust",
  run: async (services, argument) => {
    const [run] = await runsFor(services, argument, "Run to name");
    if (!run) return;
    const name = await vscode.window.showInputBox({
      title: "Rename Run",
      prompt: "Empty: it is called by its settings again.",
      placeHolder: services.runs.labelOf(run),
      value: run.note.name,
      validateInput: atMost(longestNote.name, "A name"),
    });
    if (name !== undefined) await change(services, [run], { name });
  },
};

export const editNote: Command = {
  id: commandIds.editNote,
  title: "Edit Note of Run",
  needs: "trust",
  run: async (services, argument) => {
    const runs = await runsFor(services, argument, "Run to note something of");
    if (runs.length === 0) return;
    const note = await vscode.window.showInputBox({
      title: `Note${several(runs)}`,
      prompt: "What is worth remembering; empty: nothing.",
      value: runs.length === 1 ? runs[0].note.note : "",
      validateInput: atMost(longestNote.note, "A note"),
    });
    if (note !== undefined) await change(services, runs, { note });
  },
};

const tagsIn = (text: string): string[] => [
  ...new Set(text.split(",").flatMap((tag) => (tag.trim() === "" ? [] : [tag.trim()]))),
];

function tagProblem(text: string): string | undefined {
  const tags = tagsIn(text);
  if (tags.length > longestNote.tags)
    return `A run has at most ${longestNote.tags} tags; these are ${tags.length}.`;
  return tags.map(atMost(longestNote.tag, "A tag")).find((problem) => problem !== undefined);
}

export const editTags: Command = {
  id: commandIds.editTags,
  title: "Edit Tags of Run",
  needs: "trust",
  run: async (services, argument) => {
    const runs = await runsFor(services, argument, "Run to tag");
    if (runs.length === 0) return;
    // Of several runs the tags that all have are shown, and only those change.
    const shared = runs[0].note.tags.filter((tag) => runs.every(({ note }) => note.tags.includes(tag)));
    const text = await vscode.window.showInputBox({
      title: `Tags${several(runs)}`,
      prompt: "Words, with commas between.",
      value: shared.join(", "),
      validateInput: tagProblem,
    });
    if (text === undefined) return;
    const tags = tagsIn(text);
    for (const run of runs) {
      const others = run.note.tags.filter((tag) => !shared.includes(tag));
      changeNote(run.folder, { tags: [...tags, ...others] });
    }
    await services.runs.refresh();
  },
};
