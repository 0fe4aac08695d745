// Colours of lines in each kind of theme, for pictures that cannot read the editor's. Pure.
import type { SettingLine } from "../settingChart";

type Named = Exclude<SettingLine["color"], `#${string}`> | "green";

export interface Palette extends Readonly<Record<Named, string>> {
  readonly text: string;
  readonly grid: string;
}

/** A line's colour as a picture in these colours says it. */
export const colorIn = (palette: Palette, color: SettingLine["color"]): string =>
  color.startsWith("#") ? color : palette[color as Named];

export type PaletteName = "light" | "dark" | "contrast" | "contrastLight";

/** VS Code's own chart colours by default; in high contrast, where its themes give several series one colour, ours. */
export const palettes: Readonly<Record<PaletteName, Palette>> = {
  dark: {
    green: "#89d185",
    blue: "#3794ff",
    purple: "#b180d7",
    red: "#f14c4c",
    yellow: "#cca700",
    orange: "#d18616",
    text: "#a0a0a0",
    grid: "#80808040",
  },
  light: {
    green: "#388a34",
    blue: "#1a85ff",
    purple: "#652d90",
    red: "#d00000",
    yellow: "#946e00",
    orange: "#b35a00",
    text: "#5a5a5a",
    grid: "#80808040",
  },
  contrast: {
    green: "#89d185",
    blue: "#75beff",
    purple: "#dcb6ff",
    red: "#ff8080",
    yellow: "#ffe066",
    orange: "#ffb066",
    text: "#ffffff",
    grid: "#ffffff50",
  },
  contrastLight: {
    green: "#1d6b1d",
    blue: "#0f4a85",
    purple: "#652d90",
    red: "#b5200d",
    yellow: "#6b4f00",
    orange: "#8a3a00",
    text: "#292929",
    grid: "#29292950",
  },
};
