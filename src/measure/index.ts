// The probe registry: one line a measurement.
import type { Probe } from "./probe";
import { flow } from "./probes/flow";
import { generalization } from "./probes/generalization";
import { gradientNoise } from "./probes/gradientNoise";
import { layers } from "./probes/layers";
import { manifold } from "./probes/manifold";
import { noise } from "./probes/noise";
import { sharpness } from "./probes/sharpness";
import { smoothness } from "./probes/smoothness";
import { spectrum } from "./probes/spectrum";

export const probes: readonly Probe[] = [
  sharpness,
  noise,
  generalization,
  gradientNoise,
  smoothness,
  spectrum,
  layers,
  manifold,
  flow,
];
