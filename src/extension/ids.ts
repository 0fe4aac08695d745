// Ids that code and package.json must agree on, and the keys under which state is kept. Never written as literals elsewhere.

export const viewId = "basin.experiments";
export const currentViewId = "basin.current";
export const tableViewId = "basin.runs";
export const compareType = "basin.compare";
export const panelType = "basin.panel";
export const sweepMapType = "basin.sweepMap";
export const dashboardType = "basin.dashboard";
export const notebookRenderer = "basin.run";
export const inlineController = "basin.inline";
export const reportScheme = "basin-report";
/** Id of the provider of MCP servers. */
export const mcpProvider = "basin";
/** `type` of Basin's tasks in tasks.json. */
export const taskType = "basin";
export const experimentGlob = "**/*.basin.json";
/** Context key: the window only looks at recorded runs. */
export const readOnlyKey = "basin.readOnly";
/** What a file search skips: packages and the run folders themselves. */
export const skippedGlob = "**/{node_modules,.basin,.git}/**";
/** Diagnostics of the checker and those of flagged runs, under one name for the user. */
export const diagnosticSource = "Basin";
export const flaggedCode = "basin.flagged";
export const localGlob = "**/.basin/local.json";
/** A person's own settings, which are laid over every experiment of the workspace. */
export const isLocalPath = (path: string): boolean => path.endsWith("/.basin/local.json");
/** Scripts of the user's own that train. */
export const scriptGlob = "**/*.py";
export const isScriptPath = (path: string): boolean => path.endsWith(".py");
export const isExperimentPath = (path: string): boolean => path.endsWith(".basin.json");
