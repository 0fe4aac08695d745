// The links from stability to generalization as the panel shows them: both sides, whether they hold, or why they do not apply. Pure.
import type { Verdict } from "../../src/types/verdict";
import { num } from "../format";
import type { Provenance } from "./provenance";

export interface Quantity {
  readonly label: string;
  readonly number: number;
  readonly provenance: Provenance;
}

export interface Link {
  readonly id: string;
  readonly title: string;
  /** "beside": an estimate next to what it estimates, no inequality. */
  readonly state: "holds" | "fails" | "beside" | "notApplicable";
  readonly sides?: readonly [Quantity, Quantity];
  readonly reason?: string;
  /** Left side as a fraction of the right. */
  readonly used?: number;
}

interface Words {
  readonly title: string;
  /** Names of the sides where the formula's own are long, or it is no inequality. */
  readonly sides?: readonly [string, string];
  readonly meaning: string;
}

const words: Readonly<Record<string, Words>> = {
  "stability-flatness": {
    title: "A stable minimum is flat",
    meaning: "Noise that the minimum survives bounds the examples' curvature by that of their mean.",
  },
  trace: {
    title: "Its flatness has a ceiling",
    meaning: "Learning rate and batch size alone bound the sum of all eigenvalues.",
  },
  "moment-flatness": {
    title: "Where bursts die out no example is sharp",
    sides: ["sharpest single example", "bound by learning rate and batch size"],
    meaning:
      "Where even the fourth power of the distance does not grow, every single example is at most so sharp.",
  },
  alignment: {
    title: "Noise along the curvature bounds it",
    meaning:
      "The more of the gradients' noise lies along sharp directions (μ), the flatter a minimum must be that one step's noise does not throw training out of.",
  },
  "flatness-smoothness": {
    title: "What is flat is smooth",
    sides: ["input smoothness", "bound by the first layer"],
    meaning: "The first layer multiplies inputs by weights, so that both slopes are one.",
  },
  "stability-smoothness": {
    title: "A stable minimum is smooth",
    sides: ["input smoothness in the fourth power", "bound by learning rate and batch size"],
    meaning:
      "Stability bounds the mean square of the examples' curvature, and so the fourth power of the slopes in the inputs: few examples can be much steeper than the others.",
  },
  "smoothness-robustness": {
    title: "Smooth functions resist",
    sides: ["largest change found", "r · input smoothness"],
    meaning:
      "How far the outputs move when every input is moved by up to r in its worst direction, beside what the slopes at the inputs say.",
  },
  "stability-robustness": {
    title: "A stable minimum resists",
    sides: ["largest change found", "bound by learning rate and batch size"],
    meaning:
      "Stability bounds flatness, flatness the slopes in the inputs, and these how far a small change of the inputs can move the outputs.",
  },
  "smoothness-generalization": {
    title: "Smooth functions carry over",
    sides: ["first-order estimate", "test loss"],
    meaning:
      "What the slope at the nearest training point predicts for a test point, beside what is measured.",
  },
  "stability-way": {
    title: "Flat also between the examples",
    sides: ["first layer's slope on the way", "allowed where it begins + its rise"],
    meaning:
      "Stability speaks of the training points, where every way to the test points nearest to them begins: the slope on the way is at most what stability allows there and what it rises by on the way.",
  },
  "way-slope": {
    title: "Flat on the way is smooth on the way",
    sides: ["slope on the way", "first layer's slope on the way"],
    meaning: "The first layer multiplies inputs by weights, at every point of the way.",
  },
  "way-change": {
    title: "Smooth on the way changes little",
    sides: ["change of the network", "slope on the way"],
    meaning:
      "From a training point to a test point the outputs change by no more than their slope adds up to.",
  },
  "target-change": {
    title: "And so does the target",
    sides: ["change of the target", "its way between them"],
    meaning: "The function behind the targets changes by no more than the way its values take.",
  },
  "known-target": {
    title: "So the network is near the target",
    sides: ["distance from the target on the test set", "slope on the way + training error + target's way"],
    meaning:
      "What was fitted at the training points carries over to the test points, as far as network and target are smooth between them.",
  },
};

const source = "Ma & Ying, NeurIPS 2021";

/** Links that speak of the test data too. */
const ofTest: ReadonlySet<string> = new Set([
  "smoothness-generalization",
  "stability-way",
  "way-slope",
  "way-change",
  "target-change",
  "known-target",
]);

export function chainOf(verdict: Verdict): Link[] {
  return verdict.chain.map(({ id, formula, left, right, holds, notApplicable }) => {
    const { title, sides: named, meaning } = words[id] ?? { title: id, meaning: "" };
    if (notApplicable !== null || left === null || right === null)
      return { id, title, state: "notApplicable", reason: notApplicable ?? "it was not measured" };
    const [a, b] = named ?? formula.split(" ≤ ");
    const side = (label: string, value: number): Quantity => ({
      label,
      number: value,
      provenance: {
        title: label,
        formula,
        rows: [
          ["value", `${num(value)} (${String(value)})`],
          ["says", meaning],
          ["step", String(verdict.step)],
          [
            "data",
            `all ${verdict.settings.examples} training examples${ofTest.has(id) ? " and all test examples" : ""}`,
          ],
          ["how", "Gauss–Newton parts of the Hessians; norms summed over the outputs"],
          ["measured by", "the verdict, at the run's last point"],
          ["source", source],
        ],
      },
    });
    const sides = [side(a, left), side(b ?? "bound", right)] as const;
    if (holds === null) return { id, title, state: "beside", sides };
    const used = sides[0].number / sides[1].number;
    return { id, title, state: holds ? "holds" : "fails", sides, used };
  });
}
