// ONNX's Einsum: one operand, or two that are multiplied; a parameter acts as a dense layer on the letters it shares with the data.
import { sizeOf, type Node } from "../../graph/node";
import { matmul, reshape, sum, transpose } from "../../graph/ops";
import type { OpContext } from "./context";
import { dense } from "./linear";
import { data, reshapedParameter, turned, type ParameterValue, type Value } from "./values";

/** An array with a letter for each of its axes. */
interface Lettered {
  readonly node: Node;
  readonly letters: readonly string[];
}

export function einsum(c: OpContext): Value {
  const equation = c.text("equation").replaceAll(" ", "");
  const match = /^([a-zA-Z]*(?:,[a-zA-Z]*)*)(?:->([a-zA-Z]*))?$/.exec(equation);
  const terms = match?.[1].split(",").map((term) => [...term]) ?? [];
  const refuse = (why: string): Error => c.error(`equation "${equation}" ${why}.`);
  if (!match) throw refuse("is not supported; expected letters, without an ellipsis");
  if (terms.length !== c.at.inputs.length || terms.length > 2)
    throw refuse(`has ${terms.length} terms for ${c.at.inputs.length} inputs; one or two are supported`);
  const values = terms.map((_, i) => c.value(i));
  const shapes = values.map((value) => (value.kind === "host" ? value.array.shape : value.node.shape));
  const lengths = new Map<string, number>();
  terms.forEach((letters, i) => {
    if (new Set(letters).size !== letters.length) throw refuse("repeats a letter within a term");
    if (letters.length !== shapes[i].length)
      throw refuse(`does not fit input ${i} [${shapes[i].join(", ")}]`);
    letters.forEach((letter, axis) => {
      if ((lengths.get(letter) ?? shapes[i][axis]) !== shapes[i][axis])
        throw refuse(`gives "${letter}" two lengths`);
      lengths.set(letter, shapes[i][axis]);
    });
  });
  // Without an arrow: the letters that stand once, in order of the alphabet.
  const all = terms.flat();
  const once = [...new Set(all)].filter((a) => all.indexOf(a) === all.lastIndexOf(a)).sort();
  const out = match[2] === undefined ? once : [...match[2]];
  if (new Set(out).size !== out.length || out.some((letter) => !lengths.has(letter)))
    throw refuse("has an output that its terms do not make");

  const at = values.findIndex((value) => value.kind === "parameter");
  const parameter = values[at];
  if (parameter?.kind === "parameter" && values[1 - at]?.kind === "data") {
    const x = { node: c.node(1 - at), letters: terms[1 - at] };
    return withParameter(c, x, { parameter, letters: terms[at], at }, out);
  }
  const operands = terms.map((letters, i) => {
    const others = new Set([...out, ...terms.filter((_, j) => j !== i).flat()]);
    return summed({ node: c.node(i), letters }, (letter) => others.has(letter));
  });
  return data(ordered(operands.length === 1 ? operands[0] : product(operands[0], operands[1], out), out));
}

/** Sums away every axis that nothing else names. */
function summed({ node, letters }: Lettered, kept: (letter: string) => boolean): Lettered {
  const gone = letters.flatMap((letter, i) => (kept(letter) ? [] : [i]));
  if (gone.length === 0) return { node, letters };
  const left = letters.filter(kept);
  const shape = node.shape.filter((_, i) => !gone.includes(i));
  return { node: reshape(sum(node, gone), shape), letters: left };
}

const ordered = ({ node, letters }: Lettered, order: readonly string[]): Node =>
  transpose(
    node,
    order.map((letter) => letters.indexOf(letter)),
  );

/** Letters of both that the output keeps count products; those it drops are summed over. */
function product(a: Lettered, b: Lettered, out: readonly string[]): Lettered {
  const both = a.letters.filter((letter) => b.letters.includes(letter));
  const [stack, inner] = [both.filter((l) => out.includes(l)), both.filter((l) => !out.includes(l))];
  const [left, right] = [a, b].map(({ letters }) => letters.filter((letter) => !both.includes(letter)));
  const size = ({ node, letters }: Lettered, of: readonly string[]): number[] =>
    of.map((letter) => node.shape[letters.indexOf(letter)]);
  const [S, K, M, N] = [size(a, stack), size(a, inner), size(a, left), size(b, right)];
  const x = reshape(ordered(a, [...stack, ...left, ...inner]), [sizeOf(S), sizeOf(M), sizeOf(K)]);
  const y = reshape(ordered(b, [...stack, ...inner, ...right]), [sizeOf(S), sizeOf(K), sizeOf(N)]);
  return { node: reshape(matmul(x, y), [...S, ...M, ...N]), letters: [...stack, ...left, ...right] };
}

/** Σ over the letters that both have, the parameter as a matrix from those to the ones it has alone. */
function withParameter(
  c: OpContext,
  x: Lettered,
  { parameter, letters, at }: { parameter: ParameterValue; letters: readonly string[]; at: number },
  out: readonly string[],
): Value {
  const inner = letters.filter((letter) => x.letters.includes(letter));
  const own = letters.filter((letter) => !inner.includes(letter));
  if (inner.some((letter) => out.includes(letter)) || own.some((letter) => !out.includes(letter)))
    throw c.error(
      `parameter ${parameter.name} meets the data in a way that is not supported: every letter they share must be summed over, every other kept.`,
      "If it is not to be trained, list it in model.freeze.",
    );
  const batchLetter = x.letters[c.batchAxis(1 - at)];
  const { node, letters: kept } = summed(x, (l) => out.includes(l) || inner.includes(l));
  const rest = kept.filter((letter) => !inner.includes(letter));
  if (!rest.includes(batchLetter)) throw c.error("it sums over the examples.");
  const sizeIn = (of: readonly string[]): number[] =>
    of.map((letter) => parameter.node.shape[letters.indexOf(letter)]);
  const front = rest.map((letter) => node.shape[kept.indexOf(letter)]);
  const [D, O] = [sizeOf(sizeIn(inner)), sizeOf(sizeIn(own))];
  const rows = reshape(ordered({ node, letters: kept }, [...rest, ...inner]), [...front, D]);
  const matrix = turned(
    parameter,
    [...inner, ...own].map((letter) => letters.indexOf(letter)),
  );
  const weight = reshapedParameter(matrix, [D, O]);
  const z = dense(c, rows, rest.indexOf(batchLetter), { weight, turned: false, bias: null });
  const wide = reshape(z, [...front, ...sizeIn(own)]);
  return data(ordered({ node: wide, letters: [...rest, ...own] }, out));
}
