// Generalization: loss and accuracy on training and test data, and the gaps between them.
import { exactOfAll, Readings, type Probe } from "../probe";

export const generalization: Probe = {
  id: "generalization",
  label: "Generalization gap",
  cost: "one forward pass over training and test data",
  spec: {
    description: "Loss and accuracy on the test set, and the gaps to training; needs test data.",
    properties: { every: { $ref: "#/definitions/every", default: 100 } },
  },
  needs: ["score"],
  metrics: [],
  async measure({ point }) {
    const read = new Readings(point);
    const { train, test } = await point.score!();
    read.lap();
    const add = (metric: string, value: number | undefined): void => {
      if (value !== undefined) read.add(metric, value, exactOfAll("a sum over all examples"));
    };
    const accuracies =
      test?.accuracy == null || train.accuracy === null ? null : [train.accuracy, test.accuracy];
    add("loss.train", train.loss);
    add("accuracy.train", train.accuracy ?? undefined);
    add("loss.test", test?.loss);
    add("gap.loss", test ? test.loss - train.loss : undefined);
    add("accuracy.test", accuracies?.[1]);
    add("gap.accuracy", accuracies ? accuracies[0] - accuracies[1] : undefined);
    return { readings: read.list };
  },
};
