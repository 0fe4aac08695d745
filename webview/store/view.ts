// How a page is looked at, kept over runs and reloads: groups that are closed, and for each chart its axes, smoothing and the lines switched off.
import { recallView, rememberView } from "../host";

/** Of one chart; what is absent is as the chart has it. */
export interface ChartView {
  readonly log?: boolean;
  /** Share of the running mean that a reading keeps of those before it; 0 draws the curve alone. */
  readonly smoothing?: number;
  /** Labels of the lines that are not drawn. */
  readonly off?: readonly string[];
}

export interface ViewState {
  readonly closed: readonly string[];
  /** Whether the table of all numbers is open. */
  readonly numbers: boolean;
  /** Steps on a logarithmic axis, in every chart at once. */
  readonly logSteps: boolean;
  readonly charts: Readonly<Record<string, ChartView>>;
}

const initial: ViewState = { closed: [], numbers: false, logSteps: false, charts: {} };
/** As much of each list as a page ever keeps. */
const most = 200;

const isObject = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw);

const textsOf = (raw: unknown): string[] =>
  Array.isArray(raw) ? raw.filter((one): one is string => typeof one === "string").slice(0, most) : [];

function decodeChart(raw: unknown): ChartView {
  if (!isObject(raw)) return {};
  const { log, smoothing, off } = raw;
  return {
    ...(typeof log === "boolean" && { log }),
    ...(typeof smoothing === "number" && smoothing >= 0 && smoothing < 1 && { smoothing }),
    ...(Array.isArray(off) && { off: textsOf(off) }),
  };
}

/** What was kept, whatever stands there: an older Basin may have written it. */
export function decodeView(raw: unknown): ViewState {
  if (!isObject(raw)) return initial;
  const charts = isObject(raw.charts) ? Object.entries(raw.charts).slice(0, most) : [];
  return {
    closed: textsOf(raw.closed),
    numbers: raw.numbers === true,
    logSteps: raw.logSteps === true,
    charts: Object.fromEntries(charts.map(([id, chart]) => [id, decodeChart(chart)])),
  };
}

/** The view of one page. It is read at its first use, when the page has its wire. */
export class View {
  private known: ViewState | undefined;

  get state(): ViewState {
    return (this.known ??= decodeView(recallView()));
  }

  chart(id: string): ChartView {
    return Object.hasOwn(this.state.charts, id) ? this.state.charts[id] : {};
  }

  change(part: Partial<ViewState>): void {
    this.known = { ...this.state, ...part };
    rememberView(this.known);
  }

  changeChart(id: string, part: ChartView): void {
    this.change({ charts: { ...this.state.charts, [id]: { ...this.chart(id), ...part } } });
  }

  isClosed(group: string): boolean {
    return this.state.closed.includes(group);
  }

  close(group: string, closed: boolean): void {
    const others = this.state.closed.filter((id) => id !== group);
    this.change({ closed: closed ? [...others, group] : others });
  }
}
