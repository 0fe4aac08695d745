// The disk takes no more: a clear end, not a bug's stack.
import { isDiskFull } from "../util/diskFull";

/** Exit status 1; said without a stack. The run can be resumed once there is room. */
export class DiskFull extends Error {
  override readonly name = "DiskFull";
}

/** The error as a user should read it, where it says that the disk is full; else itself. */
export function withDiskFull(error: unknown, folder: string, step: number): unknown {
  if (!isDiskFull(error)) return error;
  return new DiskFull(
    `The disk is full (${String(error.code)}): ${folder} takes no more, and the run ended at step ${step}.\n` +
      "  Make room and go on with `basin resume`: it starts from the newest checkpoint.",
  );
}
