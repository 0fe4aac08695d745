// Generalization: loss and accuracy on training and test data, and the gaps between them.
import type { Probe } from "./probe";

export const generalization: Probe = {
  id: "generalization",
  label: "Generalization gap",
  every: (experiment) => experiment.probes.generalization?.every,
  cost: "one forward pass over training and test data",
  start: () => ({
    async measure({ score }) {
      const { train, test } = await score();
      return {
        "loss.train": train.loss,
        ...(train.accuracy === null ? {} : { "accuracy.train": train.accuracy }),
        ...(test === null ? {} : { "loss.test": test.loss, "gap.loss": test.loss - train.loss }),
        ...(test?.accuracy == null || train.accuracy === null
          ? {}
          : { "accuracy.test": test.accuracy, "gap.accuracy": train.accuracy - test.accuracy }),
      };
    },
    memory: [],
    recall: () => undefined,
  }),
};
