// Copies a text, and the button that asked for it says so for a moment.

const moment = 1500;

export async function copyText(button: HTMLElement, text: string): Promise<void> {
  await navigator.clipboard.writeText(text).then(
    () => answer(button, "Copied"),
    () => answer(button, "Could not copy"),
  );
}

/** The button's own words for a moment; those it has come back. */
export function answer(button: HTMLElement, words: string): void {
  const own = button.dataset.own ?? button.textContent ?? "";
  button.dataset.own = own;
  button.textContent = words;
  setTimeout(() => {
    button.textContent = own;
  }, moment);
}
