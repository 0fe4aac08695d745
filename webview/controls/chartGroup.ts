// Charts under one heading, which closes and opens them; the page remembers which are closed.
import { h } from "../dom";
import type { View } from "../store/view";

export class ChartGroup {
  readonly grid = h("div", { class: "charts" });
  private readonly button: HTMLElement;
  readonly element: HTMLElement;

  constructor(
    { id, title }: { readonly id: string; readonly title: string },
    private readonly view: View,
    redraw: () => void,
  ) {
    this.grid.id = `group-${id}`;
    this.button = h(
      "button",
      { type: "button", class: "fold", "aria-controls": this.grid.id },
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
      this.grid,
    );
    this.isOpen = () => !this.view.isClosed(id);
  }

  /** Whether its charts are to be seen. */
  readonly isOpen: () => boolean;

  /** @param any  Whether one of its charts has a place for this run. */
  update(any: boolean): void {
    this.element.hidden = !any;
    const open = this.isOpen();
    this.grid.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
  }
}
