// What wheel, pinch, drag and keys do to a chart: zoom and pan over steps, zoom over values, move the cursor. It knows pixels and keys, nothing of what is drawn.

/** Where the picture lies in its chart, in CSS pixels of the page. */
interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Zoomable {
  /** Of the plot without its axes; undefined while there is none. */
  readonly place: () => Place | undefined;
  /** The ends of the picture move to these places, given in pixels across from its left end. */
  readonly zoomSteps: (left: number, right: number) => void;
  /** The ends of the picture move to these places, given in pixels down from its top. */
  readonly zoomValues: (top: number, bottom: number) => void;
  readonly reset: () => void;
  /** By so many readings; to the first or last for −∞ and ∞. */
  readonly move: (readings: number) => void;
  /** The cursor's place across, from the left end of the picture. */
  readonly cursor: () => number | undefined;
  readonly leave: () => void;
}

/** By which a turn of the wheel and a key zoom. */
const wheelSpeed = 0.002;
const keyFactor = 0.8;

const around = (at: number, size: number, factor: number): [number, number] => [
  at - at * factor,
  at + (size - at) * factor,
];

/** The keys a chart knows, for those who cannot see the pointer's ways. */
export const keyHelp =
  "Arrow keys move the cursor, with Shift ten readings at a time; plus and minus zoom over steps, with Alt over values; 0 shows all; Escape lets go of the cursor.";

/** Listens on a chart's picture. */
export function listenTo(host: HTMLElement, chart: Zoomable): void {
  // Not passive: what zooms or pans does not scroll the panel as well.
  host.addEventListener("wheel", (event) => wheel(event, chart), { passive: false });
  host.addEventListener("pointerdown", (event) => dragAxis(event, host, chart));
  host.addEventListener("dblclick", () => {
    chart.reset();
    chart.leave();
  });
  host.addEventListener("keydown", (event) => {
    if (key(event, chart)) event.preventDefault();
  });
}

/** Ctrl or ⌘ with the wheel, which a pinch sends too, zooms about the cursor; Alt zooms over values; sideways, or with Shift, it pans. */
function wheel(event: WheelEvent, chart: Zoomable): void {
  const place = chart.place();
  if (!place) return;
  const { left, top, width, height } = place;
  const factor = Math.exp(wheelSpeed * event.deltaY);
  if (event.altKey) {
    event.preventDefault();
    chart.zoomValues(...around(event.clientY - top, height, factor));
    return;
  }
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    chart.zoomSteps(...around(event.clientX - left, width, factor));
    return;
  }
  const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
  if (!event.shiftKey && Math.abs(sideways) <= Math.abs(event.deltaY)) return;
  event.preventDefault();
  chart.zoomSteps(sideways, width + sideways);
}

/** A drag up or down beside the picture, on the axis of values, stretches it about its middle. */
function dragAxis(event: PointerEvent, host: HTMLElement, chart: Zoomable): void {
  const place = chart.place();
  if (!place || event.button !== 0 || event.clientX >= place.left) return;
  event.preventDefault();
  host.setPointerCapture(event.pointerId);
  let at = event.clientY;
  const move = ({ clientY }: PointerEvent): void => {
    const factor = Math.exp(4 * wheelSpeed * (clientY - at));
    at = clientY;
    chart.zoomValues(...around(place.height / 2, place.height, factor));
  };
  const end = (): void => {
    host.removeEventListener("pointermove", move);
    host.removeEventListener("pointerup", end);
    host.removeEventListener("pointercancel", end);
  };
  host.addEventListener("pointermove", move);
  host.addEventListener("pointerup", end);
  host.addEventListener("pointercancel", end);
}

/** Whether the key is one of the chart's. */
function key(event: KeyboardEvent, chart: Zoomable): boolean {
  if (event.ctrlKey || event.metaKey) return false;
  const far = event.shiftKey ? 10 : 1;
  switch (event.key) {
    case "ArrowLeft":
      chart.move(-far);
      return true;
    case "ArrowRight":
      chart.move(far);
      return true;
    case "Home":
      chart.move(-Infinity);
      return true;
    case "End":
      chart.move(Infinity);
      return true;
    case "+":
    case "=":
      zoomByKey(keyFactor, event.altKey, chart);
      return true;
    case "-":
    case "_":
      zoomByKey(1 / keyFactor, event.altKey, chart);
      return true;
    case "0":
      chart.reset();
      return true;
    case "Escape":
      chart.leave();
      return false;
    default:
      return false;
  }
}

function zoomByKey(factor: number, values: boolean, chart: Zoomable): void {
  const place = chart.place();
  if (!place) return;
  if (values) chart.zoomValues(...around(place.height / 2, place.height, factor));
  else chart.zoomSteps(...around(chart.cursor() ?? place.width / 2, place.width, factor));
}
