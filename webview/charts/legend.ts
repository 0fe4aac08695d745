// The legend of a line chart: each line's colour, name and value, as a button that switches it on and off.
import { h, setText } from "../dom";

export interface LegendItem {
  readonly label: string;
  /** As CSS has it. */
  readonly color: string;
  readonly dashed: boolean;
  readonly value: string;
  readonly on: boolean;
}

interface Entry {
  readonly button: HTMLElement;
  readonly swatch: HTMLElement;
  readonly value: HTMLElement;
}

export class Legend {
  readonly element = h("div", { class: "legend", role: "group", "aria-label": "Lines" });
  private readonly entries = new Map<string, Entry>();
  private order = "";
  private shown: readonly LegendItem[] = [];

  /** @param toggle  Switches the line of a label on or off. */
  constructor(private readonly toggle: (label: string) => void) {}

  /** Says what is true now. Elements stay, so that focus does, and only what changed is written: this runs in every frame of a zoom. */
  update(items: readonly LegendItem[]): void {
    this.shown = items;
    const order = items.map(({ label }) => label).join("\n");
    if (order !== this.order) {
      this.order = order;
      this.element.replaceChildren(...items.map(({ label }) => this.entry(label).button));
    }
    for (const { label, color, dashed, value, on } of items) {
      const { button, swatch, value: shown } = this.entry(label);
      setText(shown, on ? value : "");
      const look = `${color} ${dashed} ${on}`;
      if (button.dataset.look === look) continue;
      button.dataset.look = look;
      button.setAttribute("aria-pressed", String(on));
      button.title = on ? `Hide ${label}` : `Show ${label}`;
      swatch.style.borderTop = `3px ${dashed ? "dashed" : "solid"} ${on ? color : "transparent"}`;
    }
  }

  /** What it says, with each line's colour, of lines that are on. */
  get texts(): readonly { readonly text: string; readonly color: string }[] {
    return this.shown
      .filter(({ on }) => on)
      .map(({ label, value, color }) => ({ text: `${label} ${value}`, color }));
  }

  private entry(label: string): Entry {
    const known = this.entries.get(label);
    if (known) return known;
    const swatch = h("i", {});
    const value = h("span", { class: "value" });
    const button = h(
      "button",
      { type: "button", class: "key" },
      swatch,
      h("span", { class: "label" }, label),
      " ",
      value,
    );
    button.addEventListener("click", () => this.toggle(label));
    const made = { button, swatch, value };
    this.entries.set(label, made);
    return made;
  }
}
