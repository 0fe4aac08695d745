// Every chart, in the order the panel shows them.
import { fractions } from "./fractions";
import { gap } from "./gap";
import { loss } from "./loss";
import { nonuniformity } from "./nonuniformity";
import { sharpness } from "./sharpness";
import { stabilityRegion } from "./stabilityRegion";

export const charts = [loss, sharpness, nonuniformity, gap, fractions, stabilityRegion] as const;
