const base = {
  testEnvironment: 'node',
  // Where tests keep what they make, other checkouts too.
  modulePathIgnorePatterns: ['<rootDir>/.stack/'],
  setupFiles: ['<rootDir>/test/setup.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: 'tsconfig.json', diagnostics: false }] },
};

/** Types are checked by `tsc --noEmit`; ts-jest only translates. */
export default {
  workerIdleMemoryLimit: '700MB',
  /** A test polls for what it waits for; this only ends those that would never end, also on a loaded machine. */
  testTimeout: 60_000,
  projects: [
    { ...base, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.spec.ts', '<rootDir>/test/unit/**/*.spec.ts'] },
    { ...base, displayName: 'integration', testMatch: ['<rootDir>/test/integration/**/*.spec.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.spec.ts'] },
    { ...base, displayName: 'security', testMatch: ['<rootDir>/test/security/**/*.spec.ts'] },
    { ...base, displayName: 'failure', testMatch: ['<rootDir>/test/failure/**/*.spec.ts'] },
    { ...base, displayName: 'mutants', testMatch: ['<rootDir>/test/mutants/**/*.spec.ts'] },
  ],
};
