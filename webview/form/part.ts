// An object of the file: its keys, its own parts, and what may be added to it.
import type { FormField } from "../../src/protocol/formField";
import { h, setText } from "../dom";
import { send } from "../host";
import { FieldRow } from "./fieldRow";
import type { Help } from "./help";
import { KeyedList, type Shown } from "./keyedList";
import { OwnKey } from "./ownKey";
import { Problems } from "./problems";

/** A part with all that stands in it. */
export interface PartTree {
  readonly part: FormField;
  readonly fields: readonly FormField[];
  readonly parts: readonly PartTree[];
}

/** What stands below a heading, in this order. */
type Item =
  | { readonly field: FormField }
  | { readonly tree: PartTree }
  | { readonly absent: readonly FormField[] }
  | { readonly ownKeyOf: FormField };

class Part implements Shown<PartTree> {
  readonly element: HTMLElement;
  private readonly remove = h("button", { class: "reset", type: "button" }, "×");
  private readonly problems = new Problems();
  private readonly list: KeyedList<Item>;
  private part: FormField;

  /** @param depth  1 for a part of the experiment itself. */
  constructor({ part }: PartTree, help: Help, depth = 1) {
    this.part = part;
    const key = part.path[part.path.length - 1];
    const inside = h("div", { class: "fields" });
    this.list = itemList(inside, help, depth);
    const heading = h("summary", {}, h(`h${Math.min(depth + 1, 6)}`, {}, key));
    this.element = h(
      "div",
      { class: "part", "data-key": part.path.join("."), "data-depth": depth },
      h("details", { open: true }, heading, this.problems.element, inside),
      this.remove,
    );
    help.follow(heading, () => this.part);
    this.remove.addEventListener("click", () =>
      send({ kind: "field", change: "remove", path: this.part.path, typed: "" }),
    );
  }

  update({ part, fields, parts }: PartTree): void {
    this.part = part;
    this.element.classList.toggle("is-set", part.written !== null);
    this.remove.hidden = part.written === null || part.required;
    const title = `Remove ${part.path.join(".")} from the file`;
    this.remove.title = title;
    this.remove.setAttribute("aria-label", title);
    this.problems.update(part.problems);
    const items = itemsOf(fields, parts);
    if (part.ownKeys) items.set("own", { ownKeyOf: part });
    this.list.update(items);
  }
}

/** Fields in order, then the parts that are there, then those that are not. */
export function itemsOf(fields: readonly FormField[], parts: readonly PartTree[]): Map<string, Item> {
  const id = ({ path, kind }: FormField) => JSON.stringify([path, kind]);
  const absent = parts.filter(({ part }) => !part.open).map(({ part }) => part);
  return new Map<string, Item>([
    ...fields.map((field): [string, Item] => [id(field), { field }]),
    ...parts.filter(({ part }) => part.open).map((tree): [string, Item] => [id(tree.part), { tree }]),
    ...(absent.length > 0 ? [["absent", { absent }] as [string, Item]] : []),
  ]);
}

export const itemList = (container: HTMLElement, help: Help, depth: number): KeyedList<Item> =>
  new KeyedList<Item>(container, (item) => shownItem(item, help, depth));

function shownItem(item: Item, help: Help, depth: number): Shown<Item> {
  if ("field" in item) return narrowed(new FieldRow(item.field, help), (now) => "field" in now && now.field);
  if ("tree" in item)
    return narrowed(new Part(item.tree, help, depth + 1), (now) => "tree" in now && now.tree);
  if ("absent" in item) return narrowed(new Absent(help), (now) => "absent" in now && now.absent);
  return narrowed(new OwnKey(), (now) => "ownKeyOf" in now && now.ownKeyOf);
}

/** A key of the list keeps its kind of item: the others do not come. */
const narrowed = <T>(shown: Shown<T>, own: (item: Item) => T | false): Shown<Item> => ({
  element: shown.element,
  update: (item) => {
    const mine = own(item);
    if (mine !== false) shown.update(mine);
  },
});

/** Parts that are left out, each a button that puts it in. */
class Absent implements Shown<readonly FormField[]> {
  readonly element = h("div", { class: "absent" }, h("span", { class: "say" }, "Add"));
  private readonly list: KeyedList<FormField>;

  constructor(help: Help) {
    const buttons = h("span", { class: "buttons" });
    this.element.append(buttons);
    this.list = new KeyedList<FormField>(buttons, (part) => {
      const button = h("button", { class: "add", type: "button", "data-add": part.path.join(".") });
      let now = part;
      help.follow(button, () => now);
      button.addEventListener("click", () =>
        send({ kind: "field", change: "add", path: now.path, typed: "" }),
      );
      return {
        element: button,
        update: (field) => {
          now = field;
          const key = field.path[field.path.length - 1];
          setText(button, key);
          button.setAttribute("aria-label", `Add ${field.path.join(".")}: ${field.about}`);
        },
      };
    });
  }

  update(parts: readonly FormField[]): void {
    this.list.update(new Map(parts.map((part) => [part.path.join("."), part])));
  }
}
