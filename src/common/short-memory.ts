/** What a process remembers for a short while: bounded in number and in time. The oldest is forgotten first. */
export class ShortMemory<K, V> {
  private readonly entries = new Map<K, { value: V; untilMs: number }>();

  /** @param nowMs a clock that nobody sets */
  constructor(
    private readonly max: number,
    private readonly keepMs: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get(key: K): V | undefined {
    const entry = this.entries.get(key);
    if (!entry) return undefined;
    if (entry.untilMs > this.nowMs()) return entry.value;
    this.entries.delete(key);
    return undefined;
  }

  /** @param askedMs when somebody began to find it out: it may have changed since */
  set(key: K, value: V, askedMs: number): void {
    this.entries.delete(key);
    this.entries.set(key, { value, untilMs: askedMs + this.keepMs });
    if (this.entries.size > this.max) this.entries.delete(this.entries.keys().next().value!);
  }

  delete(key: K): void {
    this.entries.delete(key);
  }
}
