// Entry of the page of a sweep's map: the host tells the map, then what changes of it; what is picked here goes back as an intent.
import "./sweepMap.css";
import { learningRateKey, limitKinds, type SweepMap } from "../src/record/sweepMap";
import { h, setText } from "./dom";
import { AddValue } from "./sweepMap/addValue";
import { limitWords, shownWords, shownKinds, type Shown } from "./sweepMap/cellWords";
import { Grid } from "./sweepMap/grid";
import { listenToMap, sendFromMap } from "./sweepMap/wire";

let map: SweepMap | undefined;
let shown: Shown = "verdict";

const title = h("h1");
const none = h("p", { class: "none", hidden: true });
const axes = h("div", { class: "axes" });
const add = new AddValue();
const grid = new Grid({
  open: ({ x, y }) => sendFromMap({ kind: "cell", x, y }),
  add: (key, typed) => sendFromMap({ kind: "add", key, typed }),
  ask: (key, typed) => add.ask(key, typed),
});
const limits = h("input", {
  type: "checkbox",
  checked: true,
  onchange: () => grid.element.classList.toggle("without-limits", !checked(limits)),
});
const choices = h(
  "fieldset",
  { class: "shown" },
  h("legend", { class: "unseen" }, "Cells show"),
  ...shownKinds.map((kind) =>
    h(
      "label",
      {},
      h("input", {
        type: "radio",
        name: "shown",
        value: kind,
        checked: kind === shown,
        onchange: () => show(kind),
      }),
      shownWords[kind],
    ),
  ),
);
const body = h(
  "div",
  { class: "map", hidden: true },
  h(
    "div",
    { class: "tools" },
    axes,
    choices,
    h("label", { class: "with-limits" }, limits, "Predicted limits"),
  ),
  grid.element,
  h(
    "p",
    { class: "legend" },
    ...limitKinds.map((kind) =>
      h("span", { class: "item" }, h("span", { class: `key ${kind}` }), limitWords[kind]),
    ),
    "that each run predicts where it stands, at its batch size. Up to the mean-square limit the learning rate holds; between it and the typical one a single run comes back, with spikes.",
  ),
  add.element,
);

const checked = (input: HTMLElement): boolean => input instanceof HTMLInputElement && input.checked;

function show(kind: Shown): void {
  shown = kind;
  if (map) grid.draw(map, shown);
}

/** Which keys are the axes, where there is a choice. */
function drawAxes({ keys, x, y }: SweepMap): void {
  const chosen = [x.key, ...(y ? [y.key] : [])];
  const choose = (i: number, key: string) => {
    const wanted = chosen.map((one, j) => (j === i ? key : one === key ? chosen[i] : one));
    sendFromMap({ kind: "axes", keys: wanted });
  };
  axes.replaceChildren(
    ...(keys.length < 2 ? [] : chosen).map((one, i) =>
      h(
        "label",
        {},
        i === 0 ? "Across " : "Up ",
        h(
          "select",
          { onchange: ({ target }) => target instanceof HTMLSelectElement && choose(i, target.value) },
          ...keys.map((key) => h("option", { value: key, selected: key === one }, key)),
        ),
      ),
    ),
  );
}

listenToMap((message) => {
  body.hidden = message.kind === "none";
  none.hidden = message.kind !== "none";
  if (message.kind === "none") return setText(none, message.why);
  if (message.kind === "cells") {
    if (!map) return;
    const changed = new Map(message.cells.map((cell) => [`${cell.x} ${cell.y}`, cell]));
    map = { ...map, cells: map.cells.map((cell) => changed.get(`${cell.x} ${cell.y}`) ?? cell) };
    return grid.draw(map, shown);
  }
  map = message.map;
  setText(title, message.name);
  drawAxes(map);
  add.offer(message.mayRun ? map.keys : []);
  body.classList.toggle("no-rate", ![map.x.key, map.y?.key].includes(learningRateKey));
  grid.build(map, message.mayRun);
  grid.draw(map, shown);
});

document
  .getElementById("basin")
  ?.append(
    h(
      "header",
      {},
      title,
      h("button", { class: "plain", onclick: () => sendFromMap({ kind: "openFile" }) }, "Open File"),
      h("button", { class: "plain", onclick: () => sendFromMap({ kind: "export" }) }, "Export…"),
    ),
    none,
    body,
  );
sendFromMap({ kind: "ready" });
