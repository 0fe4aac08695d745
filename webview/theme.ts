// The editor's colours for things drawn on canvas, and a call when the user changes the theme.
import { palettes, type Palette } from "../src/record/export/palettes";

export type ColorName =
  "blue" | "red" | "orange" | "yellow" | "green" | "purple" | "foreground" | "muted" | "grid" | "background";

/** A colour of the theme, or one of its own: a run among several. */
export type LineColor = ColorName | `#${string}`;

export interface Theme {
  readonly color: (name: LineColor, opacity?: number) => string;
  readonly font: string;
  readonly dark: boolean;
  /** High contrast: lines are told apart by more than a shade. */
  readonly contrast: boolean;
}

const variables: Readonly<Record<ColorName, readonly [name: string, fallback: string]>> = {
  blue: ["--vscode-charts-blue", "#3794ff"],
  red: ["--vscode-charts-red", "#f14c4c"],
  orange: ["--vscode-charts-orange", "#d18616"],
  yellow: ["--vscode-charts-yellow", "#cca700"],
  green: ["--vscode-charts-green", "#89d185"],
  purple: ["--vscode-charts-purple", "#b180d7"],
  foreground: ["--vscode-foreground", "#888888"],
  muted: ["--vscode-descriptionForeground", "#888888"],
  grid: ["--vscode-foreground", "#888888"],
  background: ["--vscode-editor-background", "#ffffff"],
};

/** In high contrast two of the theme's own colours may be one: ours are told apart there. */
function highContrast(): Palette | undefined {
  const { className } = document.body;
  if (className.includes("vscode-high-contrast-light")) return palettes.contrastLight;
  return className.includes("vscode-high-contrast") ? palettes.contrast : undefined;
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  const own: Partial<Record<ColorName, string>> = highContrast() ?? {};
  const read = (name: LineColor) => {
    if (isOwn(name)) return name;
    if (name !== "grid" && own[name] !== undefined) return own[name];
    const [variable, fallback] = variables[name];
    return style.getPropertyValue(variable).trim() || fallback;
  };
  // Read once: a chart asks for its colours in every frame.
  const known = new Map<string, string>();
  const color = (name: LineColor, opacity = 1): string => {
    const key = `${name} ${opacity}`;
    let found = known.get(key);
    if (found === undefined)
      known.set(key, (found = withOpacity(read(name), name === "grid" ? 0.12 * opacity : opacity)));
    return found;
  };
  const family = style.getPropertyValue("--vscode-font-family").trim() || "sans-serif";
  return {
    color,
    font: `11px ${family}`,
    dark: !/vscode-(light|high-contrast-light)/.test(document.body.className),
    contrast: highContrast() !== undefined,
  };
}

export const isOwn = (name: LineColor): name is `#${string}` => name.startsWith("#");

/** Theme colours come as #rgb, #rrggbb, #rrggbbaa or rgb(): the opacity multiplies into whatever is there. */
function withOpacity(color: string, opacity: number): string {
  if (opacity === 1) return color;
  return `color-mix(in srgb, ${color} ${Math.round(opacity * 100)}%, transparent)`;
}

/** VS Code swaps the body's class and the root's variables when the theme changes. */
export function onThemeChange(changed: () => void): void {
  const observer = new MutationObserver(() => requestAnimationFrame(changed));
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
}
