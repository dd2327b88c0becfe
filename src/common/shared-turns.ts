/**
 * Runs work one turn at a time. Whoever asks while a turn is under way shares the next one, which begins after they asked, and so
 * covers what they did before. (Group commit, as databases do with their logs.)
 */
export class SharedTurns<T> {
  private underWay: Promise<unknown> = Promise.resolve();
  private waiting: Promise<T> | undefined;

  /**
   * @param work of the next turn; that of whoever asked first is run
   * @returns what the turn gave, or its failure
   */
  next(work: () => Promise<T>): Promise<T> {
    this.waiting ??= this.underWay.then(() => {
      this.underWay = this.waiting!.catch(() => undefined); // whoever shares it is told
      this.waiting = undefined;
      return work();
    });
    return this.waiting;
  }
}
