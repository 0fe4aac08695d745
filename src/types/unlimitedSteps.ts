// The steps of a run that minutes alone limit: so many that none reaches them. The schema's text says the same.
export const unlimitedSteps = 1_000_000_000;
