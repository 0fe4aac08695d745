// The seam of everything inline: a place in a document that belongs to a setting of runs. Whoever knows such places in another kind of
// document (a script's learning rate) adds a source here; hints, sparklines, hovers and the inline panel follow.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { chartedSettings, type ChartedSetting } from "../../record/settingChart";
import { isExperiment } from "../language/openExperiments";
import { settingPlacesIn } from "../language/settingPlaces";
import type { Runs } from "../workspace/runs";

export interface SettingPlace {
  readonly setting: ChartedSetting;
  readonly range: vscode.Range;
  /** Whether it is one value of a sweep's list. */
  readonly swept: boolean;
  /** Those that were set to what stands here, newest first; at least one. */
  readonly runs: readonly RunRecord[];
}

type PlaceSource = (document: vscode.TextDocument, runs: Runs) => SettingPlace[];

const sources: readonly PlaceSource[] = [inExperiment];

/** The places of a document, in the order of its text. */
export function placesIn(document: vscode.TextDocument, runs: Runs): SettingPlace[] {
  return sources
    .flatMap((source) => source(document, runs))
    .sort((a, b) => a.range.start.compareTo(b.range.start));
}

/** The place at a position: the one that holds it, else the first on its line. */
export const placeAt = (places: readonly SettingPlace[], at: vscode.Position): SettingPlace | undefined =>
  places.find(({ range }) => range.contains(at)) ?? places.find(({ range }) => range.start.line === at.line);

/** More runs than this of one file are old news: looking for their settings must cost nothing. */
const mostRuns = 200;

function inExperiment(document: vscode.TextDocument, runs: Runs): SettingPlace[] {
  if (!isExperiment(document)) return [];
  const own = runs.of(document.uri.fsPath).slice(0, mostRuns);
  if (own.length === 0) return [];
  const placesOf = settingPlacesIn(document.getText());
  const found = new Map<string, { place: Omit<SettingPlace, "runs">; runs: RunRecord[] }>();
  for (const run of own) {
    const written = placesOf(run.info)?.written;
    for (const setting of chartedSettings) {
      const at = written?.get(setting);
      if (!at) continue;
      const key = `${setting} ${at.offset}`;
      const known = found.get(key);
      if (known) known.runs.push(run);
      else {
        const range = new vscode.Range(
          document.positionAt(at.offset),
          document.positionAt(at.offset + at.length),
        );
        found.set(key, { place: { setting, range, swept: at.swept }, runs: [run] });
      }
    }
  }
  return [...found.values()].map(({ place, runs: set }) => ({ ...place, runs: set }));
}
