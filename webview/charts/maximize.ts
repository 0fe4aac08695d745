// One chart as large as the page, over everything else; Escape brings it back to its place.
import { h } from "../dom";

/** Moves elements into a dialog and back. */
export class Maximized {
  private dialog: HTMLDialogElement | undefined;
  private restore = (): void => undefined;

  /** @param changed  It is large now, or is not any more. */
  constructor(private readonly changed: (large: boolean) => void) {}

  get isLarge(): boolean {
    return this.dialog !== undefined;
  }

  /** At once: the dialog itself tells of its end later. */
  close(): void {
    this.dialog?.close();
    this.restore();
  }

  toggle(element: HTMLElement, label: string): void {
    if (this.dialog) return this.close();
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
    this.restore = () => {
      this.restore = () => undefined;
      place.replaceWith(element);
      dialog.remove();
      this.dialog = undefined;
      if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
      this.changed(false);
    };
    dialog.addEventListener("close", () => this.restore());
    this.dialog = dialog;
    dialog.showModal();
    if (focused instanceof HTMLElement) focused.focus();
    this.changed(true);
  }
}
