// Pictures of runs as data URIs in the colours of the editor's theme: a document shows no script, only images.
import * as vscode from "vscode";
import { palettes, type PaletteName } from "../../record/export/palettes";
import { smallChart, sparkline, type ChartSize } from "../../record/export/smallChart";
import type { SettingChart } from "../../record/settingChart";

function kindNow(): PaletteName {
  switch (vscode.window.activeColorTheme.kind) {
    case vscode.ColorThemeKind.Light:
      return "light";
    case vscode.ColorThemeKind.HighContrast:
      return "contrast";
    case vscode.ColorThemeKind.HighContrastLight:
      return "contrastLight";
    default:
      return "dark";
  }
}

/** In base64, which Markdown and a style sheet take as it is; a browser makes that of bytes, one character each. */
function uriOf(svg: string): string {
  const bytes = Array.from(new TextEncoder().encode(svg), (byte) => String.fromCharCode(byte));
  return `data:image/svg+xml;base64,${btoa(bytes.join(""))}`;
}

/** For the end of a line of text. */
export const sparklineUri = (chart: SettingChart, size: ChartSize): vscode.Uri =>
  vscode.Uri.parse(uriOf(sparkline(chart, size, palettes[kindNow()])));

/** For a Markdown text. */
export const chartMarkdown = (chart: SettingChart, size: ChartSize): string =>
  `![${chart.title} over steps](${uriOf(smallChart(chart, size, palettes[kindNow()]))})`;
