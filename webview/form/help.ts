// Says what the key under the mouse or the focus means, at one place, so that nothing moves.
import type { FormField } from "../../src/protocol/formField";
import { h, setText } from "../dom";
import { helpOf } from "./fieldRow";

export class Help {
  private readonly name = h("strong");
  private readonly text = h("span");
  // The same words stand at each control for screen readers.
  readonly element = h("p", { class: "help", "aria-hidden": "true" }, this.name, this.text);
  private focused: (() => FormField) | undefined;

  constructor() {
    this.show(undefined);
  }

  follow(row: HTMLElement, field: () => FormField): void {
    row.addEventListener("mouseenter", () => this.show(field()));
    row.addEventListener("mouseleave", () => this.show(this.focused?.()));
    row.addEventListener("focusin", () => this.show((this.focused = field)()));
    row.addEventListener("focusout", () => this.show((this.focused = undefined)));
  }

  private show(field: FormField | undefined): void {
    setText(this.name, field?.path.join(".") ?? "");
    setText(
      this.text,
      field ? helpOf(field) : "What a key means is said here. Values not set in the file are grey.",
    );
  }
}
