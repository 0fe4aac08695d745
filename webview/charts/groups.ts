// The headings under which charts stand, in the order of the panel. A chart names its own.

export const groups = [
  { id: "stability", title: "Stability" },
  { id: "noise", title: "Gradient noise" },
  { id: "generalization", title: "Loss and generalization" },
  { id: "landscape", title: "Landscape" },
  { id: "motion", title: "Motion along the minima" },
  { id: "own", title: "The run's own metrics" },
] as const;

export type GroupId = (typeof groups)[number]["id"];
