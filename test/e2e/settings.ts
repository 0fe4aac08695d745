// The user settings the scenarios start VS Code with: a quiet workbench that looks the same every time.

/** VS Code's own theme of each kind: its name in the settings, in the picker, and the class the workbench then has. */
export const themes = {
  dark: { name: "Default Dark Modern", label: "Dark Modern", shown: "vs-dark" },
  light: { name: "Default Light Modern", label: "Light Modern", shown: "vs" },
  contrast: { name: "Default High Contrast", label: "Dark High Contrast", shown: "hc-black" },
  "contrast-light": { name: "Default High Contrast Light", label: "Light High Contrast", shown: "hc-light" },
} as const;

export type ThemeKind = keyof typeof themes;
export const themeKinds = Object.keys(themes) as ThemeKind[];

export const settings: Record<string, unknown> = {
  "workbench.startupEditor": "none",
  "security.workspace.trust.enabled": false,
  "workbench.colorTheme": themes.dark.name,
  "workbench.tips.enabled": false,
  // A current VS Code opens its chat beside the editor.
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
};
