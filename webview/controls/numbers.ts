// The latest value of every metric as a button; a click says formula, data, step, cost and error bar.
import { metrics } from "../../src/protocol/metrics";
import { h, setText } from "../dom";
import { metricNum } from "../format";
import { isFolded, provenanceOf } from "../store/provenance";
import type { RunModel } from "../store/runModel";
import type { Popover } from "./popover";

export class Numbers {
  readonly element = h("section", { class: "numbers", role: "list", "aria-label": "Latest readings" });
  private readonly buttons = new Map<string, { readonly root: HTMLElement; readonly value: HTMLElement }>();
  private run: RunModel | undefined;

  constructor(private readonly popover: Popover) {}

  update(run: RunModel): void {
    this.run = run;
    for (const { name, label } of metrics) {
      const reading = isFolded(name) ? undefined : run.latest.get(name);
      const known = this.buttons.get(name);
      if (known) known.root.hidden = reading === undefined;
      if (reading === undefined) continue;
      const { value } = known ?? this.add(name, label);
      setText(value, metricNum(name, reading.value));
    }
  }

  private add(name: string, label: string) {
    const value = h("span", { class: "value" });
    const children = [h("span", { class: "label" }, label), value];
    const details = () => this.run && provenanceOf(name, this.run);
    const root = h(
      "div",
      { role: "listitem" },
      this.popover.button({ "data-metric": name }, children, details),
    );
    const made = { root, value };
    this.buttons.set(name, made);
    // In the order of the registry, whichever probe reports first.
    const order = metrics.map((metric) => metric.name);
    const after = order.slice(order.indexOf(name) + 1).find((later) => this.buttons.has(later));
    this.element.insertBefore(root, after === undefined ? null : (this.buttons.get(after)?.root ?? null));
    return made;
  }
}
