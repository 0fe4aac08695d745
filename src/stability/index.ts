// Linear stability of SGD at a minimum, usable alone: numbers in, numbers out. Thresholds, second-moment map, exact limit, growth, map.
//
//   import { factorSpectrum, varianceLimit, growth, jsGemm } from "basin/stability";
//   const factors = await factorSpectrum(gram, { n, K }, "all");                      // gram: GᵀG [nK, nK], Hᵢ = GᵢGᵢᵀ
//   const { upper } = await varianceLimit(factors, { batchSize: 8, momentum: 0.9, gemm: jsGemm });
export * from "./thresholds";
export * from "./secondMoment";
export * from "./varianceLimit";
export * from "./growth";
export * from "./typical";
export * from "./tailIndex";
export * from "./fourthMoment";
export * from "./growthBounds";
export * from "./stationary";
export * from "./edgeVariance";
export * from "./stabilityMap";
export { NoiseGain } from "./noiseGain";
export * from "./judge";
export * from "./chain";
export { jsGemm } from "../util/linalg/jsGemm";
export type { Gemm } from "../util/gemm";
