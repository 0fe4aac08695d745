// The user settings the scenarios start VS Code with: a quiet workbench that looks the same every time.

export const settings: Record<string, unknown> = {
  "workbench.startupEditor": "none",
  "security.workspace.trust.enabled": false,
  "workbench.colorTheme": "Default Dark Modern",
  "workbench.tips.enabled": false,
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
};
