// How many digits of a reading go to the log.

/** A float32 has seven digits and a bit, and what is shown anywhere at most six. Packed or not, a reading has the same ones. */
export const valueDigits = 8;
