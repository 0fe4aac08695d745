// The whole form: the file's problems that are of no field, then its keys in the schema's order, and what a key means.
import type { FormField } from "../../src/protocol/formField";
import { h, setText } from "../dom";
import type { FormState } from "../store/panelState";
import { Help } from "./help";
import { itemList, itemsOf, type PartTree } from "./part";
import { Problems } from "./problems";

export class ExperimentFormView {
  private readonly help = new Help();
  private readonly unreadable = h("p", { class: "unreadable", role: "alert", hidden: true });
  private readonly problems = new Problems();
  private readonly keys = h("fieldset", { class: "fields" });
  private readonly list = itemList(this.keys, this.help, 0);
  readonly element = h(
    "section",
    { class: "form", "aria-label": "Settings" },
    h("div", { class: "scrolled" }, this.unreadable, this.problems.element, this.keys),
    this.help.element,
  );

  update({ form }: FormState): void {
    const { fields, problems, readable } = form;
    this.unreadable.hidden = readable;
    setText(
      this.unreadable,
      "The text cannot be read as JSON; correct it there, and the form goes on from it.",
    );
    this.problems.update(problems, { places: true });
    // What was there stays in sight, not to be changed: the next key press in the text may make it readable again.
    (this.keys as HTMLFieldSetElement).disabled = !readable;
    if (readable) this.list.update(inOrder(fields));
  }
}

/** Top-level keys and parts as the schema has them, the parts that are left out last. */
function inOrder(fields: readonly FormField[]) {
  const top = fields.filter(({ path }) => path.length === 1);
  const trees = new Map(top.filter(isPart).map((part) => [part, treeOf(part, fields)]));
  const absent = [...trees.values()].filter(({ part }) => !part.open);
  const here = top.flatMap((field) => {
    const tree = trees.get(field);
    if (!tree) return [...itemsOf([field], [])];
    return tree.part.open ? [...itemsOf([], [tree])] : [];
  });
  return new Map([...here, ...itemsOf([], absent)]);
}

const isPart = ({ kind }: FormField): boolean => kind === "part";

function treeOf(part: FormField, all: readonly FormField[]): PartTree {
  const inside = all.filter(
    ({ path }) => path.length === part.path.length + 1 && part.path.every((key, i) => key === path[i]),
  );
  return {
    part,
    fields: inside.filter((field) => !isPart(field)),
    parts: inside.filter(isPart).map((field) => treeOf(field, all)),
  };
}
