// What one look at a growing log brought.
import type { RunEvent } from "../protocol/events";

export interface TailSlice {
  readonly events: RunEvent[];
  /** The file was replaced or cut: what was read before no longer holds. */
  readonly restarted: boolean;
  /** Whether there is more to read right now. */
  readonly more: boolean;
}
