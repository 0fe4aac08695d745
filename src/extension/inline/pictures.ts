// Pictures of runs as data URIs in the colours of the editor's theme: a document shows no script, only images.
import * as vscode from "vscode";
import { smallChart, sparkline, type ChartSize, type Palette } from "../../record/export/smallChart";
import type { SettingChart } from "../../record/settingChart";

type ThemeKind = "light" | "dark" | "contrast" | "contrastLight";

/** VS Code's own chart colours; a picture cannot read a theme's. */
const palettes: Readonly<Record<ThemeKind, Palette>> = {
  dark: {
    blue: "#3794ff",
    purple: "#b180d7",
    red: "#f14c4c",
    yellow: "#cca700",
    orange: "#d18616",
    text: "#a0a0a0",
    grid: "#80808040",
  },
  light: {
    blue: "#1a85ff",
    purple: "#652d90",
    red: "#d00000",
    yellow: "#946e00",
    orange: "#b35a00",
    text: "#5a5a5a",
    grid: "#80808040",
  },
  contrast: {
    blue: "#75beff",
    purple: "#dcb6ff",
    red: "#ff8080",
    yellow: "#ffe066",
    orange: "#ffb066",
    text: "#ffffff",
    grid: "#ffffff50",
  },
  contrastLight: {
    blue: "#0f4a85",
    purple: "#652d90",
    red: "#b5200d",
    yellow: "#6b4f00",
    orange: "#8a3a00",
    text: "#292929",
    grid: "#29292950",
  },
};

function kindNow(): ThemeKind {
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

const uriOf = (svg: string): string => `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;

/** For the end of a line of text. */
export const sparklineUri = (chart: SettingChart, size: ChartSize): vscode.Uri =>
  vscode.Uri.parse(uriOf(sparkline(chart, size, palettes[kindNow()])));

/** For a Markdown text. */
export const chartMarkdown = (chart: SettingChart, size: ChartSize): string =>
  `![${chart.title} over steps](${uriOf(smallChart(chart, size, palettes[kindNow()]))})`;
