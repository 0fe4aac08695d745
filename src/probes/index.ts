// The probe registry: one line a measurement.
import { generalization } from "./generalization";
import { gradientNoise } from "./gradientNoise";
import { layers } from "./layers";
import { manifold } from "./manifold";
import { noise } from "./noise";
import type { Probe } from "./probe";
import { sharpness } from "./sharpness";
import { smoothness } from "./smoothness";
import { spectrum } from "./spectrum";

export const probes: readonly Probe[] = [
  sharpness,
  noise,
  generalization,
  gradientNoise,
  smoothness,
  spectrum,
  layers,
  manifold,
];

export type { ActiveProbe, Descent, Probe, ProbeContext, Score } from "./probe";
