// The user settings the scenarios start VS Code with: a quiet workbench that looks the same every time.

const themes = { dark: "Default Dark Modern", light: "Default Light Modern" } as const;

export type ThemeName = keyof typeof themes;

export const settingsOf = (theme: ThemeName): Record<string, unknown> => ({
  "workbench.startupEditor": "none",
  "security.workspace.trust.enabled": false,
  "workbench.colorTheme": themes[theme],
  "workbench.tips.enabled": false,
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
});
