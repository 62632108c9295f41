import base from './jest.config.js';

/** Builds the Debian packages, and installs, upgrades and purges one on this machine. */
const config = {
  ...base,
  testMatch: ['<rootDir>/test/packaging/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 900_000,
  maxWorkers: 1,
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
