// The run as the panel has it, made from events: what the host would send.
import type { RunEvent } from "../../../src/protocol/events";
import type { RunInfo } from "../../../src/protocol/runFolder";
import { decodeEvent } from "../../../src/record/decodeEvent";
import { RunSeries } from "../../../src/record/runSeries";
import type { RunStatus } from "../../../src/types/runStatus";
import type { Verdict } from "../../../src/types/verdict";
import type { RunModel } from "../../../webview/store/runModel";

export interface Told {
  readonly info: RunInfo;
  readonly status: RunStatus;
  readonly verdict: Verdict | null;
  /** As they stand in the log. */
  readonly events: readonly object[];
}

export function modelOf({ info, status, verdict, events }: Told): RunModel {
  const series = new RunSeries();
  for (const raw of events) {
    const event: RunEvent | null = decodeEvent(raw);
    if (!event) throw new Error(`no event: ${JSON.stringify(raw)}`);
    series.add(event);
  }
  return { key: info.id, label: "one", info, status, verdict, flag: null, series };
}
