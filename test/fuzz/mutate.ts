// Seeded damage to bytes: flips, cuts, repeats, and the words that decoders trip over.
import type { Rng } from "../../src/util/rng";

const words = [
  "null",
  "{}",
  "[]",
  "-1",
  "1e999",
  '"NaN"',
  '"__proto__"',
  "9".repeat(400),
  '"\\u0000"',
  "true",
];

/** A damaged copy: one to four changes. */
export function mutate(sample: Buffer, rng: Rng): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let left = 1 + rng.below(4); left > 0; left--) bytes = changed(bytes, rng);
  return bytes;
}

function changed(bytes: Buffer, rng: Rng): Buffer {
  const at = rng.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + rng.below(12));
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(end)];
  switch (rng.below(5)) {
    case 0: {
      const own = Buffer.from(bytes);
      if (at < own.length) own[at] ^= 1 << rng.below(8);
      return own;
    }
    case 1:
      return Buffer.from(head);
    case 2:
      return Buffer.concat([head, tail]);
    case 3:
      return Buffer.concat([head, bytes.subarray(at, end), bytes.subarray(at)]);
    default:
      return withWord(bytes, words[rng.below(words.length)], rng);
  }
}

/** Puts a word in place of one of the JSON text's values; elsewhere anywhere. */
function withWord(bytes: Buffer, word: string, rng: Rng): Buffer {
  const text = bytes.toString("latin1");
  const values = [...text.matchAll(/(?<=[:[,])("[^"]*"|[-\d.e]+|null|true|\[[^[\]]*\]|\{[^{}]*\})/g)];
  if (values.length === 0) return Buffer.concat([bytes, Buffer.from(word)]);
  const { index, 0: old } = values[rng.below(values.length)];
  return Buffer.from(text.slice(0, index) + word + text.slice(index + old.length), "latin1");
}
