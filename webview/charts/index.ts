// Every chart, in the order the panel shows them.
import type { Chart } from "./chart";
import { displacement } from "./displacement";
import { drift } from "./drift";
import { explanation } from "./explanation";
import { flow } from "./flow";
import { fractions } from "./fractions";
import { gap } from "./gap";
import { gradientNoise } from "./gradientNoise";
import { layers } from "./layers";
import { loss } from "./loss";
import { nonuniformity } from "./nonuniformity";
import { sharpness } from "./sharpness";
import { sharpnessRate } from "./sharpnessRate";
import { smoothness } from "./smoothness";
import { spectrum } from "./spectrum";
import { stabilityMap } from "./stabilityMap";
import { stabilityRegion } from "./stabilityRegion";

export const charts: readonly Chart[] = [
  loss,
  sharpness,
  nonuniformity,
  gap,
  fractions,
  explanation,
  stabilityMap,
  stabilityRegion,
  spectrum,
  layers,
  gradientNoise,
  smoothness,
  displacement,
  drift,
  flow,
  sharpnessRate,
];
