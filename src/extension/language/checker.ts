// Loads the experiment checker on first use: it brings the schema and its validator, which activation must not pay for.

type Checker = typeof import("../../protocol/checkExperiment") &
  typeof import("../../protocol/localSettings");

export const loadChecker = async (): Promise<Checker> => ({
  ...(await import("../../protocol/checkExperiment")),
  ...(await import("../../protocol/localSettings")),
});
