// How many examples are classified right.

/** Share of rows of `outputs` [n, K] whose largest entry stands at the label. NaN outputs count as wrong. */
export function accuracyOf(outputs: Float32Array, labels: Int32Array, K: number): number {
  let right = 0;
  for (let i = 0; i < labels.length; i++) {
    let best = -1;
    let top = -Infinity;
    for (let k = 0; k < K; k++) {
      if (outputs[i * K + k] > top) {
        top = outputs[i * K + k];
        best = k;
      }
    }
    if (best === labels[i]) right++;
  }
  return right / labels.length;
}
