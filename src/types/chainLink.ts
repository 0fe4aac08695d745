// One inequality of the chain from stability to generalization, with both its sides (theory.md, section 4).

export interface ChainLink {
  readonly id:
    | "stability-flatness"
    | "trace"
    | "alignment"
    | "moment-flatness"
    | "flatness-smoothness"
    | "stability-smoothness"
    | "smoothness-robustness"
    | "stability-robustness"
    | "smoothness-generalization"
    | "stability-way"
    | "way-slope"
    | "way-change"
    | "target-change"
    | "known-target";
  /** The inequality in letters. */
  readonly formula: string;
  /** Its two sides; null where the link does not apply. */
  readonly left: number | null;
  readonly right: number | null;
  /** Whether left ≤ right; null where the link does not apply, or is an estimate and no inequality. */
  readonly holds: boolean | null;
  /** Why the link does not apply; null where it does. */
  readonly notApplicable: string | null;
}
