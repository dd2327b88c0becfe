// Preloaded into processes of a test (`node --import`): their machine's clock goes wrong by so many milliseconds, for
// everything that runs in them, libraries included.
const skewMs = Number(process.env.TEST_CLOCK_SKEW_MS);
const RightDate = Date;

globalThis.Date = class Date extends RightDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RightDate.now() + skewMs] : args));
  }

  static now() {
    return RightDate.now() + skewMs;
  }
};
