// The tools of a chart: a small bar that appears on it under the pointer or the focus and takes no room, with a menu for what is rarely used.
import { answer } from "../controls/copyText";
import { h, setText } from "../dom";
import { icon, type IconName } from "../icon";
import { strengths } from "./smoothing";

export interface ToolState {
  readonly log: boolean;
  readonly logSteps: boolean;
  readonly smoothing: number;
  readonly table: boolean;
  readonly large: boolean;
}

export interface ToolActions {
  /** Those of a chart over steps; absent for a picture of its own. */
  readonly line?: {
    readonly setLog: (log: boolean) => void;
    readonly setLogSteps: (log: boolean) => void;
    readonly setSmoothing: (strength: number) => void;
    readonly setTable: (shown: boolean) => void;
    readonly reset: () => void;
  };
  /** Absent where the page is too small for more than the scale. */
  readonly picture?: {
    readonly maximize: () => void;
    /** Resolves to what is said of it. */
    readonly copy: () => Promise<string>;
    readonly save: () => void;
  };
}

export class ChartTools {
  readonly element: HTMLElement;
  private readonly log = h("button", { type: "button", class: "tool", title: "Logarithmic values" }, "log");
  private readonly maximize: HTMLElement;
  private readonly menuButton: HTMLElement;
  private readonly menu: HTMLElement;
  private readonly boxes: ReadonlyMap<keyof ToolState, HTMLInputElement>;
  private readonly slider = slider();
  private readonly strength = h("output", {});

  constructor(
    title: string,
    private readonly actions: ToolActions,
  ) {
    const { line, picture } = actions;
    this.maximize = tool("maximize", "Maximize", () => picture?.maximize());
    this.menuButton = tool("menu", `More for ${title}`, () => this.open(this.menu.hidden));
    this.menuButton.setAttribute("aria-expanded", "false");
    this.log.addEventListener("click", () => line?.setLog(this.log.getAttribute("aria-pressed") !== "true"));
    this.boxes = new Map(
      line
        ? [
            ["log", checkbox(line.setLog)],
            ["logSteps", checkbox(line.setLogSteps)],
            ["table", checkbox(line.setTable)],
          ]
        : [],
    );
    this.slider.addEventListener("input", () =>
      line?.setSmoothing(strengths[Number(this.slider.value)] ?? 0),
    );
    this.menu = h("div", { class: "menu", hidden: true }, ...this.menuItems());
    // A press on a word takes the focus away, and the menu with it, before it is a click.
    this.menu.addEventListener("mousedown", (event) => {
      if (!(event.target instanceof HTMLInputElement)) event.preventDefault();
    });
    const copy = tool("copy", "Copy as image", () => void this.copy(copy));
    this.element = h(
      "div",
      { class: "chart-tools", role: "group", "aria-label": `Tools of ${title}` },
      line && this.log,
      picture && this.maximize,
      picture && copy,
      picture && this.menuButton,
      picture && this.menu,
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || this.menu.hidden) return;
      event.stopPropagation();
      event.preventDefault();
      this.open(false);
      this.menuButton.focus();
    });
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node && this.element.contains(relatedTarget))) this.open(false);
    });
  }

  update(state: ToolState): void {
    this.log.setAttribute("aria-pressed", String(state.log));
    for (const [key, box] of this.boxes) box.checked = state[key] === true;
    const place = strengths.findIndex((strength) => strength >= state.smoothing);
    this.slider.value = String(Math.max(0, place));
    setText(this.strength, state.smoothing > 0 ? String(state.smoothing) : "off");
    this.slider.setAttribute("aria-valuetext", state.smoothing > 0 ? String(state.smoothing) : "off");
    const words = state.large ? "Back to its place" : "Maximize";
    if (this.maximize.title === words) return;
    this.maximize.title = words;
    this.maximize.setAttribute("aria-label", words);
    this.maximize.replaceChildren(icon(state.large ? "restore" : "maximize"));
  }

  private open(open: boolean): void {
    this.menu.hidden = !open;
    this.menuButton.setAttribute("aria-expanded", String(open));
  }

  private async copy(button: HTMLElement): Promise<void> {
    const said = await this.actions.picture?.copy();
    if (said !== undefined) answer(button, said);
  }

  private menuItems(): HTMLElement[] {
    const { line, picture } = this.actions;
    const choice = (key: keyof ToolState, words: string) => h("label", {}, this.boxes.get(key), words);
    const item = (words: string, act: (button: HTMLElement) => void) => {
      const button = h("button", { type: "button" }, words);
      button.addEventListener("click", () => act(button));
      return button;
    };
    return [
      ...(line
        ? [
            choice("log", "Logarithmic values"),
            choice("logSteps", "Logarithmic steps, in every chart"),
            h("label", { class: "smoothing" }, "Smoothing", this.slider, this.strength),
            choice("table", "Readings as a table"),
            item("Show all", line.reset),
          ]
        : []),
      ...(picture
        ? [
            item("Copy as image", (button) => void this.copy(button)),
            item("Save as PNG…", () => {
              this.open(false);
              picture.save();
            }),
          ]
        : []),
    ];
  }
}

function tool(name: IconName, label: string, act: () => void): HTMLElement {
  const button = h("button", { type: "button", class: "tool", title: label, "aria-label": label });
  button.append(icon(name));
  button.addEventListener("click", act);
  return button;
}

function checkbox(set: (checked: boolean) => void): HTMLInputElement {
  const box = document.createElement("input");
  box.type = "checkbox";
  box.addEventListener("change", () => set(box.checked));
  return box;
}

function slider(): HTMLInputElement {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: "0", max: String(strengths.length - 1), step: "1" });
  input.setAttribute("aria-label", "Smoothing");
  return input;
}
