// The probe registry: one line a measurement.
import { generalization } from "./generalization";
import { noise } from "./noise";
import type { Probe } from "./probe";
import { sharpness } from "./sharpness";

export const probes: readonly Probe[] = [sharpness, noise, generalization];

export type { ActiveProbe, Descent, Probe, ProbeContext, Score } from "./probe";
