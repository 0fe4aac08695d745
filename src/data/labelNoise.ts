// Label noise: a seeded share of the training labels replaced by another class.
import { fileError } from "../protocol/errors";
import { Rng } from "../util/rng";
import type { Dataset } from "./dataset";
import { oneHot } from "./targets";

/**
 * Replaces exactly round(fraction·n) training labels, drawn without replacement, each by one of the K − 1 other classes with
 * equal chance. Test labels stay as they are. The examples drawn at a smaller fraction are among those of a larger one.
 *
 * @param fraction Share of the training labels, 0 … 1.
 * @param name     File or source, for messages.
 * @source Zhang et al., "Understanding deep learning requires rethinking generalization" (ICLR 2017), §2.1, "partially
 *         corrupted labels"; departure: the new label is never the old one, so the fraction is what is wrong.
 * @throws UserError for data without class labels.
 */
export function withLabelNoise(data: Dataset, fraction: number, seed: number, name: string): Dataset {
  const { train, outputs: K } = data;
  if (train.labels === null) {
    throw fileError(
      name,
      "`labelNoise` needs class labels; found real-valued targets.",
      "Remove data.labelNoise, or give integer labels.",
    );
  }
  const rng = new Rng(seed, "data.labelNoise");
  const labels = train.labels.slice();
  const order = rng.permutation(train.n);
  // Drawn for every example, so that what an example becomes does not depend on the fraction.
  const shift = order.map(() => 1 + rng.below(K - 1));
  for (let j = 0; j < Math.round(fraction * train.n); j++) {
    const i = order[j];
    labels[i] = (labels[i] + shift[j]) % K;
  }
  return { ...data, train: { ...train, labels, y: oneHot(labels, K) } };
}
