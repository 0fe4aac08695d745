// The latest value of every metric as a button; a click says formula, data, step, cost and error bar.
import { placeOf } from "../../src/protocol/metrics";
import { h, setText } from "../dom";
import { metricNum } from "../format";
import { isFolded, provenanceOf } from "../store/provenance";
import type { RunModel } from "../store/runModel";
import type { Popover } from "./popover";

export class Numbers {
  readonly element = h("div", { class: "numbers", role: "list", "aria-label": "Latest readings" });
  private readonly buttons = new Map<string, { readonly root: HTMLElement; readonly value: HTMLElement }>();
  private run: RunModel | undefined;

  /** @param only  The metrics to show, where not all. */
  constructor(
    private readonly popover: Popover,
    private readonly only?: readonly string[],
  ) {}

  update(run: RunModel): void {
    this.run = run;
    const { latest } = run.series;
    for (const [name, { root }] of this.buttons) root.hidden = !latest.has(name);
    for (const [name, { value }] of latest) {
      if (this.only && !this.only.includes(name)) continue;
      if (isFolded(name) || typeof value !== "number") continue;
      const button = this.buttons.get(name) ?? this.add(name, run.series.infoOf(name).label);
      setText(button.value, metricNum(name, value));
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
    // In the order of the registry, whichever probe reports first; what it does not know comes last.
    const later = [...this.buttons.keys()].filter((other) => placeOf(other) > placeOf(name));
    const next = later.sort((a, b) => placeOf(a) - placeOf(b))[0];
    this.element.insertBefore(root, next === undefined ? null : (this.buttons.get(next)?.root ?? null));
    return made;
  }
}
