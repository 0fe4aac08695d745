// What the panel says before there is a run, and the two ways to get one.
import { h } from "../dom";
import { commandButton } from "./commandButton";

export const welcome = h(
  "div",
  { class: "welcome", hidden: true },
  h("h1", {}, "No run yet"),
  h(
    "p",
    {},
    "An experiment is a file, *.basin.json. While it trains, its loss, sharpness and gradient noise appear here, and at the end the verdict: is its learning rate stable where training arrived?",
  ),
  h(
    "div",
    { class: "actions" },
    commandButton("Run Experiment…", "primary", "run"),
    commandButton("New Experiment…", "secondary", "newExperiment"),
  ),
);
