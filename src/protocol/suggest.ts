// "Did you mean …": the known word nearest to a mistyped one.

/**
 * Edit distance with insertions, deletions, substitutions and swaps of neighbours, each costing 1.
 *
 * @source Optimal string alignment; Damerau 1964, Levenshtein 1966. Costs |a|·|b|.
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
      }
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

/** Short forms that researchers type and no edit distance finds. */
const synonyms: Readonly<Record<string, string>> = {
  lr: "learningRate",
  eta: "learningRate",
  bs: "batchSize",
  batch: "batchSize",
  beta: "momentum",
  epochs: "steps",
  iterations: "steps",
  layers: "hidden",
  widths: "hidden",
  dataset: "data",
  gd: "sgd",
  ce: "cross-entropy",
};

const fold = (word: string): string => word.toLowerCase().replace(/[-_ ]/g, "");

/** The candidate meant by `word`, or undefined when none is near: at most a third of its letters differ. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 60) return undefined;
  const synonym = synonyms[fold(word)];
  if (synonym !== undefined && candidates.includes(synonym)) return synonym;
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(fold(word), fold(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

/** The suggestion as a sentence for a hint, else the list of what is known. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = suggest(word, candidates);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  return candidates.length > 0 ? `Known here: ${candidates.join(", ")}.` : "Remove it.";
}
