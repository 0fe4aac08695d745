// A limit as charts draw it: a level with what lies beyond it shaded, or a line where a schedule moves it.
import { num } from "../format";
import { limitOver, limitsOf, type RunLimits } from "../../src/record/limits";
import type { Column } from "../../src/record/column";
import type { RunModel } from "../store/runModel";
import type { Level, Line } from "./chart";

export function limitLine(
  run: RunModel,
  name: keyof RunLimits,
  { label, color }: Pick<Level, "label" | "color">,
  along: Column,
): { readonly lines: readonly Line[]; readonly levels: readonly Level[] } {
  const value = limitsOf(run)[name];
  const moving = limitOver(run, name, along);
  if (moving) return { lines: [{ label, column: moving, color, width: 1.2, dash: [5, 4] }], levels: [] };
  if (!Number.isFinite(value)) return { lines: [], levels: [] };
  return { lines: [], levels: [{ label: `${label} ${num(value)}`, value, color, shaded: "beyond" }] };
}
