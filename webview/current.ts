// Entry of the view in the bottom panel: the run of the file being edited, in brief. A click opens it in the panel.
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import "./current.css";
import { BriefBody } from "./briefBody";
import { commandButton } from "./controls/commandButton";
import { h, setText } from "./dom";
import { Page } from "./page";

/** Words and curves beside one another from this width on, as in current.css. */
const wide = 620;
/** Of a chart's card without its picture. */
const frame = 74;

const page = new Page();
const body = new BriefBody(page, () =>
  innerWidth < wide ? 130 : Math.max(90, Math.min(innerHeight - frame, 320)),
);
const nothing = h("p");
const empty = h(
  "div",
  { class: "nothing", hidden: true },
  nothing,
  commandButton("Run Experiment", "primary", "run"),
);

function draw(): void {
  const { selected, loaded, file } = page.state;
  empty.hidden = !loaded || selected !== undefined;
  body.element.hidden = selected === undefined;
  setText(nothing, file === undefined ? "No run yet." : `No run of ${file} yet.`);
  if (selected) body.draw(selected);
}

page.start([body.element, empty], draw);
