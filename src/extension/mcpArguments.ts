// The words behind `basin` that serve a workspace folder to agents. Pure.

export interface McpServing {
  /** Where its runs lie, where that is not the usual place. */
  readonly runs?: string;
  readonly allowRuns: boolean;
}

export const mcpArguments = (folder: string, { runs, allowRuns }: McpServing): string[] => [
  "mcp",
  folder,
  ...(runs === undefined ? [] : ["--runs", runs]),
  ...(allowRuns ? ["--allow-runs"] : []),
];
