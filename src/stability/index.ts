// Linear stability of SGD at a minimum, usable alone: thresholds, second-moment map, exact limit, growth, decision.
export * from "./thresholds";
export * from "./secondMoment";
export * from "./varianceLimit";
export * from "./growth";
export * from "./judge";
export * from "./chain";
