// Loads the experiment checker on first use: it brings the schema and its validator, which activation must not pay for.

type Checker = typeof import("../../protocol/checkExperiment");

export const loadChecker = (): Promise<Checker> => import("../../protocol/checkExperiment");
