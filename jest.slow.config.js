import base from './jest.config.js';

/** Minutes, gigabytes, many processes: not for every change, but for every submission. */
const config = {
  ...base,
  testMatch: ['<rootDir>/test/slow/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 300_000,
  maxWorkers: 1,
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
