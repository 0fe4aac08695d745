// Entry of the panel: the picker of runs, and everything there is to see of the one picked.
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import { Header } from "./controls/header";
import { welcome } from "./controls/welcome";
import { Page } from "./page";
import { RunBody } from "./runBody";

const page = new Page();
const header = new Header();
const body = new RunBody(page, header.element);

function draw(): void {
  const { selected, loaded } = page.state;
  welcome.hidden = !loaded || selected !== undefined;
  body.element.hidden = selected === undefined;
  if (!selected) return;
  header.update(page.state);
  body.draw(selected);
  const { reveal } = page.state;
  if (reveal === undefined) return;
  page.state.reveal = undefined;
  body.reveal(reveal);
}

page.start([body.element, welcome], draw, () => body.forget());
