// One small window that says where a number comes from; any button can open it, a click elsewhere or Escape closes it.
import { h } from "../dom";
import type { Provenance } from "../store/provenance";

/** From the edge of the panel, as its content. */
const margin = 16;

export class Popover {
  readonly element = h("div", { class: "popover", role: "dialog", hidden: true, tabindex: -1 });
  private anchor: HTMLElement | undefined;
  /** Where it stands, but for a dialog's own content: nothing shows above that. */
  private home: Element | undefined;
  private content: (() => Provenance | undefined) | undefined;

  constructor() {
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close(true);
    });
    document.addEventListener("click", (event) => {
      // In the output of a notebook the target is the output: the way the click went says where it was.
      const way = event.composedPath();
      if (!way.includes(this.element) && !(this.anchor && way.includes(this.anchor))) this.close(false);
    });
  }

  /** A button that opens the window; `content` is asked again whenever the run changes. */
  button(
    attributes: Record<string, string>,
    children: (Node | string)[],
    content: () => Provenance | undefined,
  ) {
    const button = h("button", { type: "button", "aria-haspopup": "dialog", ...attributes }, ...children);
    button.addEventListener("click", () => {
      if (this.anchor === button) this.close(true);
      else this.show(button, content);
    });
    return button;
  }

  private show(anchor: HTMLElement, content: () => Provenance | undefined): void {
    this.anchor = anchor;
    this.content = content;
    this.element.hidden = false;
    this.home ??= this.element.parentElement ?? undefined;
    const place = anchor.closest("dialog") ?? this.home;
    if (place && this.element.parentElement !== place) place.append(this.element);
    this.update();
    const host = (this.element.offsetParent ?? document.body).getBoundingClientRect();
    const at = anchor.getBoundingClientRect();
    this.element.style.top = `${at.bottom - host.top + 4}px`;
    this.element.style.left = `${Math.max(margin, Math.min(at.left - host.left, host.width - this.element.offsetWidth - margin))}px`;
    this.element.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: "nearest" });
  }

  /** Shows what is true now; an anchor that is gone takes the window with it. */
  update(): void {
    if (!this.anchor) return;
    const content = this.anchor.isConnected ? this.content?.() : undefined;
    if (!content) return this.close(false);
    const { title, about, formula, rows } = content;
    this.element.setAttribute("aria-label", title);
    this.element.replaceChildren(
      h("strong", {}, title),
      ...(about === undefined ? [] : [h("p", {}, about)]),
      ...(formula === undefined ? [] : [h("code", {}, formula)]),
      h("dl", {}, ...rows.map(([key, value]) => h("div", {}, h("dt", {}, key), h("dd", {}, value)))),
    );
  }

  private close(refocus: boolean): void {
    if (refocus) this.anchor?.focus();
    this.anchor = undefined;
    this.element.hidden = true;
    this.home?.append(this.element);
  }
}
