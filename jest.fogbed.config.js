import base from './jest.config.js';

/** The emulated fog: namespaces, queues and control groups, for which it needs root. */
const config = {
  ...base,
  testMatch: ['<rootDir>/test/fogbed/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 600_000,
  maxWorkers: 1,
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
