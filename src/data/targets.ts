// Class labels as one-hot targets, and the rule for how many classes there are.
import { fileError } from "../protocol/errors";

/** Above this label a gap in the labels is taken for damage: ten classes cover the MNIST family and CIFAR-10. */
const usualLargest = 9;

/**
 * Number of classes K of a training file: `classes` where the experiment gives it, else one more than the largest label in
 * the *whole* file, so that `take` never changes the network's width. Labels above 9 must then have no gap below them: a
 * stray byte in a file of ten classes would otherwise make a network of 200 outputs.
 *
 * @param labels   Every label of the training file, not only those taken.
 * @param file     Name for messages.
 * @throws UserError naming the first label out of range and its position (from 0).
 */
export function countClasses(labels: ArrayLike<number>, classes: number | undefined, file: string): number {
  const seen = new Set<number>();
  if (classes !== undefined) {
    checkLabels(labels, classes, file, "data.classes");
    for (let i = 0; i < labels.length && seen.size < 2; i++) seen.add(labels[i]);
    refuseOneClass(seen, file);
    return classes;
  }
  let largest = 1;
  for (let i = 0; i < labels.length; i++) {
    checkWhole(labels[i], i, file);
    seen.add(labels[i]);
    largest = Math.max(largest, labels[i]);
  }
  refuseOneClass(seen, file);
  if (seen.size > 0 && !seen.has(0)) throw notFromZero(seen, largest, file);
  if (largest > usualLargest) {
    let gap = 0;
    while (seen.has(gap)) gap++;
    if (gap <= largest) {
      const i = Array.prototype.findIndex.call(
        labels,
        (label: number) => label > Math.max(gap, usualLargest),
      );
      const expected = `expected labels from 0 without gaps, but no example has label ${gap}`;
      const hint = "Check the file, or give the number of classes as data.classes.";
      throw fileError(file, `Label ${labels[i]} of example ${i} is out of range: ${expected}.`, hint);
    }
  }
  return largest + 1;
}

/** @throws UserError where one label is all there is. */
export function refuseOneClass(seen: ReadonlySet<number | string>, file: string): void {
  if (seen.size !== 1) return;
  const [label] = seen;
  const message = `Expected at least two classes; every label is ${label}.`;
  throw fileError(file, message, "There is nothing to tell apart: use data with several classes.");
}

/** Outputs that no example asks for are a mistake more often than a wish: the user says which. */
function notFromZero(seen: ReadonlySet<number>, largest: number, file: string) {
  const labels = [...seen].sort((a, b) => a - b);
  const all = labels.slice(0, 12).join(", ") + (labels.length > 12 ? ", …" : "");
  return fileError(
    file,
    `Expected labels from 0; found ${all}, so that output 0 would stand for no class.`,
    `Set data.only to [${all}] to number them from 0, or data.classes to ${largest + 1} to keep the numbers.`,
  );
}

function checkWhole(label: number, i: number, file: string): void {
  if (Number.isInteger(label) && label >= 0) return;
  throw fileError(file, `Label ${label} of example ${i} is out of range: expected a whole number ≥ 0.`);
}

/** @throws UserError when a label is not in {0, …, K−1}; `because` says where K comes from. */
export function checkLabels(
  labels: ArrayLike<number>,
  K: number,
  file: string,
  because = "the training data",
): void {
  for (let i = 0; i < labels.length; i++) {
    checkWhole(labels[i], i, file);
    if (labels[i] >= K) {
      const range = `expected 0 … ${K - 1}, the ${K} classes of ${because}`;
      throw fileError(file, `Label ${labels[i]} of example ${i} is out of range: ${range}.`);
    }
  }
}

/** One-hot rows [n, K] of labels in {0, …, K−1}. */
export function oneHot(labels: ArrayLike<number>, K: number): Float32Array {
  const y = new Float32Array(labels.length * K);
  for (let i = 0; i < labels.length; i++) y[i * K + labels[i]] = 1;
  return y;
}
