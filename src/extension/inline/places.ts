// The seam of everything inline: a place in a document that belongs to a setting of runs. What knows such places in another kind of
// document is one more case of `documentPlaces`; hints, sparklines, hovers, flags, quick fixes and the inline panel follow.
import * as vscode from "vscode";
import type { RunRecord } from "../../launchers";
import { chartedSettings, type ChartedSetting } from "../../record/settingChart";
import { documentPlaces, hasSettings } from "../language/documentPlaces";
import type { WrittenSetting } from "../language/settingPlaces";
import type { Runs } from "../workspace/runs";

export interface SettingPlace extends Pick<WrittenSetting, "swept" | "isValue"> {
  readonly setting: ChartedSetting;
  readonly range: vscode.Range;
  /** Those that were set to what stands here, newest first; at least one. */
  readonly runs: readonly RunRecord[];
}

/** The place at a position: the one that holds it, else the first on its line. */
export const placeAt = (places: readonly SettingPlace[], at: vscode.Position): SettingPlace | undefined =>
  places.find(({ range }) => range.contains(at)) ?? places.find(({ range }) => range.start.line === at.line);

/** More runs than this of one file are old news: looking for their settings must cost nothing. */
const mostRuns = 200;

/** The places of a document, in the order of its text. */
export function placesIn(document: vscode.TextDocument, runs: Runs): SettingPlace[] {
  if (!hasSettings(document)) return [];
  const own = runs.of(document.uri.fsPath).slice(0, mostRuns);
  if (own.length === 0) return [];
  const placesOf = documentPlaces(document);
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
        found.set(key, { place: { setting, range, swept: at.swept, isValue: at.isValue }, runs: [run] });
      }
    }
  }
  return [...found.values()]
    .map(({ place, runs: set }) => ({ ...place, runs: set }))
    .sort((a, b) => a.range.start.compareTo(b.range.start));
}
