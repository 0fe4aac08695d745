// A value more for a swept key, typed: what a drag along an axis does by hand.
import { h } from "../dom";
import { nameOf } from "./cellWords";
import { sendFromMap } from "./wire";

export class AddValue {
  private readonly keys = select();
  private readonly typed = h("input", { type: "text", "aria-label": "Value to add", placeholder: "0.15" });
  readonly element = h(
    "form",
    { class: "add-value", hidden: true, onsubmit: (event) => this.submit(event) },
    h("label", {}, "Add a value of ", this.keys),
    this.typed,
    h("button", { type: "submit" }, "Add and Run"),
  );

  /** @param keys  What may be added to; none where nothing may be run. */
  offer(keys: readonly string[]): void {
    this.element.hidden = keys.length === 0;
    const before = this.keys.value;
    this.keys.replaceChildren(
      ...keys.map((key) => h("option", { value: key, selected: key === before }, nameOf(key))),
    );
  }

  /** Proposes a value, for the user to change and confirm. */
  ask(key: string, typed: string): void {
    if (this.element.hidden) return;
    this.keys.value = key;
    if (!(this.typed instanceof HTMLInputElement)) return;
    this.typed.value = typed;
    this.typed.focus();
    this.typed.select();
  }

  private submit(event: Event): void {
    event.preventDefault();
    if (!(this.typed instanceof HTMLInputElement) || this.typed.value.trim() === "") return;
    sendFromMap({ kind: "add", key: this.keys.value, typed: this.typed.value });
    this.typed.value = "";
  }
}

function select(): HTMLSelectElement {
  const made = document.createElement("select");
  made.setAttribute("aria-label", "Swept key");
  return made;
}
