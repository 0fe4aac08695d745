// One chart as large as the page, over everything else; Escape brings it back to its place.
import { h } from "../dom";

/** Moves elements into a dialog and back. */
export class Maximized {
  private dialog: HTMLDialogElement | undefined;

  /** @param changed  It is large now, or is not any more. */
  constructor(private readonly changed: (large: boolean) => void) {}

  get isLarge(): boolean {
    return this.dialog !== undefined;
  }

  toggle(element: HTMLElement, label: string): void {
    if (this.dialog) {
      this.dialog.close();
      return;
    }
    // Keeps its place, so that nothing moves behind the dialog.
    const place = h("div", { class: "place" });
    place.style.height = `${element.offsetHeight}px`;
    const dialog = document.createElement("dialog");
    dialog.className = "maximized";
    dialog.setAttribute("aria-label", label);
    const focused = document.activeElement;
    element.replaceWith(place);
    dialog.append(element);
    place.after(dialog);
    dialog.addEventListener("close", () => {
      place.replaceWith(element);
      dialog.remove();
      this.dialog = undefined;
      if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
      this.changed(false);
    });
    this.dialog = dialog;
    dialog.showModal();
    if (focused instanceof HTMLElement) focused.focus();
    this.changed(true);
  }
}
