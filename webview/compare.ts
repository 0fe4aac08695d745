// Entry of the page that compares runs.
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import "./compare.css";
import { decodeToCompare, type FromCompare, type ToCompare } from "../src/record/compareMessages";
import { openChannel } from "./host";
import { OverlayBody } from "./overlay/overlayBody";
import { applyToComparison, emptyComparison } from "./store/compareState";
import { registerToolkit } from "./toolkit";

const channel = openChannel<ToCompare, FromCompare>(decodeToCompare);
const state = emptyComparison();
registerToolkit();
const body = new OverlayBody(state, channel.send);
document.getElementById("basin")?.append(body.element);
channel.listen((message) => {
  applyToComparison(state, message);
  if (message.kind === "series") channel.send({ kind: "received", run: message.run });
  body.redraw();
});
channel.send({ kind: "ready" });
