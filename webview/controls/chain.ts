// "From stability to generalization": each link of the chain with both sides, whether it holds, or why it does not apply.
import { h } from "../dom";
import { num } from "../format";
import { chainOf, type Link, type Quantity } from "../store/chain";
import type { RunModel } from "../store/runModel";
import type { Popover } from "./popover";

const stateWords: Readonly<Record<Link["state"], string>> = {
  holds: "holds",
  fails: "does not hold",
  beside: "side by side",
  notApplicable: "not applicable",
};

export class Chain {
  readonly element = h("section", { class: "chain", "aria-labelledby": "chain-title" });
  private shown = "";

  constructor(private readonly popover: Popover) {}

  /** Comes with the verdict; a run that diverged has no point to measure it at. */
  update({ verdict }: RunModel): void {
    const links = verdict ? chainOf(verdict) : [];
    this.element.hidden = links.length === 0;
    const shape = JSON.stringify(links);
    if (shape === this.shown) return;
    this.shown = shape;
    const reasons = new Set(links.map(({ reason }) => reason));
    const [reason] = reasons;
    this.element.replaceChildren(
      h("h2", { id: "chain-title" }, "From stability to generalization"),
      // The same reason four times says nothing more than once.
      reasons.size === 1 && reason !== undefined
        ? h("p", { class: "reason" }, `Not applicable: ${reason}.`)
        : h("ol", {}, ...links.map((link) => this.link(link))),
    );
  }

  private link({ title, state, sides, reason, used }: Link): HTMLElement {
    return h(
      "li",
      { "data-state": state },
      h("header", {}, h("strong", {}, title), h("span", { class: "state" }, stateWords[state])),
      sides
        ? h(
            "div",
            { class: "sides" },
            this.side(sides[0]),
            h("span", { class: "sign" }, state === "beside" ? "·" : state === "fails" ? "≰" : "≤"),
            this.side(sides[1]),
          )
        : h("p", { class: "reason" }, sentence(reason ?? "")),
      used !== undefined && bar(used),
    );
  }

  private side({ label, number, provenance }: Quantity): HTMLElement {
    const children = [h("strong", {}, num(number)), h("span", { class: "label" }, label)];
    return this.popover.button({ class: "fact" }, children, () => provenance);
  }
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

/** How much of the room the right side leaves is used. */
function bar(used: number): HTMLElement {
  const fill = h("div", { class: "fill" });
  fill.style.width = `${100 * Math.max(0, Math.min(1, Number.isFinite(used) ? used : 1))}%`;
  return h("div", { class: "bar", title: `${num(100 * used)} % of the right side` }, fill);
}
