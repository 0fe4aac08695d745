// What an inline panel says: verdict, what can be done about it, numbers and charts.
import * as vscode from "vscode";
import { charts, explanation, headline, numbers, plain, useLink, type Shown } from "./content";

interface TextOptions {
  readonly uri: vscode.Uri;
  /** Where the file says what the run was set to; undefined where it says something else by now. */
  readonly place: { readonly isValue: boolean } | undefined;
  readonly explained: boolean;
}

export function panelText(shown: Shown, { uri, place, explained }: TextOptions): string {
  const old = place ? "" : "_The file says something else by now; run it to see what that does._";
  const why = explained
    ? explanation(shown)
        .map((line) => `- ${plain(line)}`)
        .join("\n")
    : "";
  return [
    [headline(shown), place ? useLink(shown, uri, place) : ""].join(" "),
    old,
    why,
    numbers(shown),
    charts(shown, isAlone() ? "with loss" : "alone"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** Beside another editor, or the panel, there is room for one chart: two would stand one above the other and scroll. */
const isAlone = (): boolean => vscode.window.tabGroups.all.length === 1;
