// Charts under one heading, which closes and opens them; the page remembers which are closed.
import { h } from "../dom";
import type { View } from "../store/view";

export class ChartGroup {
  readonly grid = h("div", { class: "charts" });
  private readonly body = h("div", {}, this.grid);
  private readonly button: HTMLElement;
  readonly element: HTMLElement;

  constructor(
    { id, title }: { readonly id: string; readonly title: string },
    private readonly view: View,
    redraw: () => void,
  ) {
    this.body.id = `group-${id}`;
    this.button = h(
      "button",
      { type: "button", class: "fold", "aria-controls": this.body.id },
      h("span", { class: "chevron", "aria-hidden": "true" }),
      title,
    );
    this.button.addEventListener("click", () => {
      this.view.close(id, !this.view.isClosed(id));
      redraw();
    });
    this.element = h(
      "section",
      { class: "group", "data-group": id, "aria-label": title },
      h("h2", {}, this.button),
      this.body,
    );
    this.isOpen = () => !this.view.isClosed(id);
  }

  /** Something below its charts. */
  add(element: HTMLElement): void {
    this.body.append(element);
  }

  /** Whether its charts are to be seen. */
  readonly isOpen: () => boolean;

  /** @param any  Whether one of its charts has a place for this run. */
  update(any: boolean): void {
    this.element.hidden = !any;
    const open = this.isOpen();
    this.body.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
  }
}
