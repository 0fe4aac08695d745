// Text from a file as one harmless line: nothing in it moves a terminal's cursor, colours, hides or reorders what stands around it.

/** C0 and C1 control characters, DEL, and the marks that turn the direction of writing. */
const control = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with a replacement character (�) for each control character, line ends and tabs among them. */
export const printable = (text: string): string => text.replace(control, "\ufffd");
