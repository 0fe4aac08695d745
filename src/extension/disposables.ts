// Whoever creates a disposable owns it: a store that disposes what it was given, at once when it is already disposed.

export interface Disposable {
  dispose(): unknown;
}

export class Disposables implements Disposable {
  private readonly items = new Set<Disposable>();
  private disposed = false;

  own<T extends Disposable>(item: T): T {
    if (this.disposed) item.dispose();
    else this.items.add(item);
    return item;
  }

  dispose(): void {
    this.disposed = true;
    for (const item of [...this.items].reverse()) item.dispose();
    this.items.clear();
  }
}
