// Copies a text, and the button that asked for it says so for a moment.

const moment = 1500;

export async function copyText(button: HTMLElement, text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    answer(button, "Copied");
  } catch {
    answer(button, "Could not copy");
  }
}

/** What a button holds gives way to a few words for a moment. */
export function answer(button: HTMLElement, words: string): void {
  if (button.dataset.answers !== undefined) return;
  const own = [...button.childNodes];
  button.dataset.answers = "";
  button.replaceChildren(words);
  setTimeout(() => {
    button.replaceChildren(...own);
    delete button.dataset.answers;
  }, moment);
}
