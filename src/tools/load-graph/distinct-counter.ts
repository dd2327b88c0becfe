/** Counts different values in bounded memory; beyond the bound it only knows a least number. */
export class DistinctCounter<T> {
  private readonly seen = new Set<T>();
  private isFull = false;

  constructor(private readonly maxValues: number) {}

  add(value: T): void {
    if (this.seen.size < this.maxValues) this.seen.add(value);
    else if (!this.seen.has(value)) this.isFull = true;
  }

  get count(): number {
    return this.seen.size;
  }

  /** Whether {@link count} is all there were. */
  get isExact(): boolean {
    return !this.isFull;
  }
}
