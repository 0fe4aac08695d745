// What this experiment does not measure yet, each with one click that adds its probe to the experiment file.
import { h } from "../dom";
import { hasTestData } from "../../src/protocol/dataFacts";
import type { ProbeId } from "../charts/chart";
import { send } from "../host";
import type { RunModel } from "../store/runModel";

const labels: Readonly<Record<ProbeId, string>> = {
  sharpness: "sharpness",
  noise: "non-uniformity and the mean-square limit",
  generalization: "generalization gap",
  gradientNoise: "gradient noise",
  smoothness: "input smoothness",
  spectrum: "spectrum",
  layers: "sharpness per layer",
  manifold: "motion along the minima",
  flow: "central flow",
};

export class More {
  readonly element = h("p", { class: "more" });
  private shown = "";

  update({ info, key }: RunModel): void {
    const { probes, data } = info.experiment;
    const missing = (Object.keys(labels) as ProbeId[]).filter(
      (id) => !probes[id] && (id !== "generalization" || hasTestData(data)),
    );
    this.element.hidden = missing.length === 0;
    const shape = JSON.stringify([key, missing]);
    if (shape === this.shown) return;
    this.shown = shape;
    this.element.replaceChildren(
      "More can be measured: ",
      ...missing.flatMap((id, i) => [i > 0 ? " · " : "", this.button(id, key)]),
    );
  }

  private button(probe: ProbeId, run: string): HTMLElement {
    const title = `Add the probe "${probe}" to the experiment file, for its next run`;
    const element = h("button", { class: "link", type: "button", title, "data-probe": probe }, labels[probe]);
    element.addEventListener("click", () => send({ kind: "addProbe", run, probe }));
    return element;
  }
}
