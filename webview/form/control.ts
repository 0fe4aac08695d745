// What a field is typed or chosen in: one of the browser's own controls for each kind of value.
import type { FormField } from "../../src/protocol/formField";
import { h } from "../dom";

export interface Control {
  readonly element: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;
  /** Beside the control, such as the list of what is usual. */
  readonly beside?: HTMLElement;
  /** What the user has put there. */
  read(): string;
  /** Shows a field, unless the user is at it and has typed since. */
  show(field: FormField): void;
}

/** @param id  Of the control, for its label. */
export function controlFor(field: FormField, id: string): Control {
  switch (field.kind) {
    case "choice":
      return choice(id);
    case "boolean":
      return checkbox(id);
    default:
      return textControl(field, id);
  }
}

/** What the field says: what was typed and refused before what the file writes. */
const textOf = ({ refused, written }: FormField): string => refused?.typed ?? written ?? "";

function choice(id: string): Control {
  const element = h("select", { id }) as HTMLSelectElement;
  let shape = "";
  return {
    element,
    read: () => element.value,
    show: (field) => {
      const { choices, otherwise, required, written } = field;
      const now = textOf(field);
      const unset = otherwise === null ? (required ? "choose …" : "not set") : `${otherwise} (default)`;
      const known = choices.some(({ value }) => value === now) || now === "";
      const wanted = JSON.stringify([choices, unset, known ? "" : now]);
      // An open list must not be rebuilt under the user's hand.
      if (wanted !== shape) {
        shape = wanted;
        const options = choices.map(({ value, about }) => h("option", { value, title: about }, value));
        const others = [
          ...(written === null || !required ? [h("option", { value: "" }, unset)] : []),
          ...(known ? [] : [h("option", { value: now }, now)]),
        ];
        element.replaceChildren(...others, ...options);
      }
      element.value = now;
    },
  };
}

function checkbox(id: string): Control {
  const element = h("input", { id, type: "checkbox" }) as HTMLInputElement;
  return {
    element,
    read: () => String(element.checked),
    show: (field) => {
      element.checked = (textOf(field) || field.otherwise) === "true";
    },
  };
}

function textControl(field: FormField, id: string): Control {
  const { kind, choices, written } = field;
  const words = choices.filter(({ value }) => !/^[[{]/.test(value));
  // Lists and objects may be long, and have lines.
  const long = kind === "value" && (words.length === 0 || (written ?? "").includes("\n"));
  const list = `${id}-usual`;
  const attributes = { id, spellcheck: "false", autocomplete: "off" };
  const element = long
    ? (h("textarea", { ...attributes, rows: 1 }) as HTMLTextAreaElement)
    : (h("input", { ...attributes, type: "text", list: words.length > 0 && list }) as HTMLInputElement);
  let shown = "";
  return {
    element,
    beside:
      long || words.length === 0
        ? undefined
        : h("datalist", { id: list }, ...words.map(({ value }) => h("option", { value }))),
    read: () => element.value,
    show: (now) => {
      const text = textOf(now);
      const typing = document.activeElement === element && element.value !== shown;
      if (!typing && element.value !== text) setKeepingCaret(element, text);
      shown = text;
      element.placeholder = now.otherwise ?? (now.required ? now.expects : "not set");
    },
  };
}

function setKeepingCaret(element: HTMLInputElement | HTMLTextAreaElement, text: string): void {
  const at = element.selectionStart;
  element.value = text;
  if (document.activeElement === element && at !== null) element.setSelectionRange(at, at);
}
