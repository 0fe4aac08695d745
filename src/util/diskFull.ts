// Whether an error of the system says that a disk takes no more.

/** No space, no quota left, or a file-size limit of the shell. */
const codes: readonly unknown[] = ["ENOSPC", "EDQUOT", "EFBIG"];

export const isDiskFull = (error: unknown): error is NodeJS.ErrnoException =>
  codes.includes((error as NodeJS.ErrnoException | null)?.code);
