// The ids of Basin's commands, as in package.json; a test holds the two together.

export const commandIds = {
  run: "basin.run",
  stop: "basin.stop",
  stopAll: "basin.stopAll",
  openPanel: "basin.openPanel",
  newExperiment: "basin.newExperiment",
  resume: "basin.resume",
  deleteRun: "basin.deleteRun",
  openRunFile: "basin.openRunFile",
  refresh: "basin.refresh",
  fetchTensorflow: "basin.fetchTensorflow",
  branch: "basin.branch",
  setStable: "basin.setStableValue",
  toggleInline: "basin.toggleInlinePanel",
  closeInline: "basin.closeInlinePanel",
  runWith: "basin.runWithChanges",
  copyCliCommand: "basin.copyCliCommand",
  openRunFolder: "basin.openRunFolder",
  cleanUp: "basin.cleanUpRuns",
  doctor: "basin.doctor",
  pin: "basin.pinRun",
  unpin: "basin.unpinRun",
  escape: "basin.escape",
  explore: "basin.explore",
  suggest: "basin.suggestLearningRate",
  showLog: "basin.showLog",
  openDashboard: "basin.openDashboard",
  openText: "basin.openText",
  explainInline: "basin.explainInline",
  exportRuns: "basin.exportRuns",
  showSweepMap: "basin.showSweepMap",
  compare: "basin.compareRuns",
  rename: "basin.renameRun",
  editNote: "basin.editNote",
  editTags: "basin.editTags",
  setUpPytorch: "basin.setUpPytorch",
} as const;

export type CommandId = (typeof commandIds)[keyof typeof commandIds];

/** Those that only look: the ones there are in a window without a disk. package.json hides all others there. */
export const looking = [
  "openPanel",
  "openRunFile",
  "openRunFolder",
  "refresh",
  "showLog",
  "toggleInline",
  "closeInline",
  "explainInline",
  "compare",
] as const satisfies readonly (keyof typeof commandIds)[];
