// Elements that follow a list: one for each item, kept while its item is there, so that focus and caret stay where they are.

export interface Shown<T> {
  readonly element: HTMLElement;
  update(item: T): void;
}

export class KeyedList<T> {
  private shown = new Map<string, Shown<T>>();

  constructor(
    private readonly container: HTMLElement,
    private readonly make: (item: T) => Shown<T>,
  ) {}

  /** @param items  In order, each under what tells it from the others. */
  update(items: ReadonlyMap<string, T>): void {
    for (const [key, { element }] of this.shown) if (!items.has(key)) element.remove();
    let next = this.container.firstElementChild;
    const shown = new Map<string, Shown<T>>();
    for (const [key, item] of items) {
      const one = this.shown.get(key) ?? this.make(item);
      one.update(item);
      shown.set(key, one);
      // Moving an element takes the focus from it: what stands right is left alone.
      if (one.element === next) next = next.nextElementSibling;
      else this.container.insertBefore(one.element, next);
    }
    this.shown = shown;
  }
}
