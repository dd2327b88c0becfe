/** How long a replica that did not answer is left alone. */
const SICK_MS = 5_000;

/** Chooses who answers a read: a healthy replica of the slot in turn, else its master. */
export class ReplicaChoice {
  private readonly sickUntilMs = new Map<string, number>();
  private turn = 0;

  /**
   * @param owners of a slot, the master first
   * @param isConnected whether there is a connection to an address that is usable or coming up
   */
  of(owners: readonly string[], isConnected: (address: string) => boolean): string | undefined {
    const nowMs = performance.now();
    const healthy = owners.slice(1).filter((address) => {
      return (this.sickUntilMs.get(address) ?? 0) <= nowMs && isConnected(address);
    });
    return healthy.length > 0 ? healthy[this.turn % healthy.length] : owners[0];
  }

  /** The next page of commands goes to the next replica. */
  next(): void {
    this.turn = (this.turn + 1) % 0x7fffffff;
  }

  leaveAlone(address: string): void {
    this.sickUntilMs.set(address, performance.now() + SICK_MS);
  }
}
