// Rows of the table of runs, as the host would send them.
import type { RunRow } from "../../../src/record/runRow";
import { emptyNote } from "../../../src/record/runNote";

export const rowNamed = (key: string, change: Partial<RunRow> = {}): RunRow => ({
  key,
  id: `20260101-000000-${key}`,
  label: key,
  experiment: "demo",
  file: "demo.basin.json",
  sweep: "",
  status: "finished",
  verdict: "stable",
  severity: "good",
  mark: "✓",
  says: "stable",
  flagged: false,
  created: "2026-01-01T00:00:00Z",
  step: 100,
  time: 1,
  note: emptyNote,
  damaged: false,
  place: "",
  settings: {},
  last: {},
  best: {},
  limit: {},
  ...change,
});
