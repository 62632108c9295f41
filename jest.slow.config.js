import base from './jest.config.js';

/** Minutes, gigabytes, many processes: not for every change, but for every submission. */
const config = {
  ...base,
  testMatch: [
    '<rootDir>/test/slow/**/*.test.ts',
    // on every engine, where the default run takes one
    '<rootDir>/test/e2e/darknet.test.ts',
    '<rootDir>/test/formats/tfjs/**/models.test.ts',
  ],
  globals: { everyEngine: true },
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
