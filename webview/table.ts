// Entry of the view with the table of runs: the host's messages fold into its state, which is drawn at most once a frame.
import "./styles.css";
import "./table.css";
import { runColorOn } from "../src/record/export/runColors";
import { decodeToTable, type FromTable, type ToTable } from "../src/record/tableMessages";
import { openChannel } from "./host";
import { applyToTable, emptyTable } from "./store/tableState";
import { TableBody } from "./table/tableBody";
import { onThemeChange, readTheme } from "./theme";

const channel = openChannel<ToTable, FromTable>(decodeToTable);
const state = emptyTable();
let theme = readTheme();
let frame = 0;

const body = new TableBody(state, channel.send, redraw);

function redraw(): void {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    body.draw((slot) => runColorOn(slot, theme.dark ? "dark" : "light").color);
  });
}

document.getElementById("basin")?.append(body.element);
channel.listen((message) => {
  applyToTable(state, message);
  redraw();
});
onThemeChange(() => {
  theme = readTheme();
  redraw();
});
// "2 min ago" says so for a minute.
setInterval(redraw, 30_000);
redraw();
channel.send({ kind: "ready" });
