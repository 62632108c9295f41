import base from './jest.config.js';

/** Tests of the Node-RED nodes, which need Node-RED: `node-red/prepare.mjs` installs it beside the package. */
const config = {
  ...base,
  testEnvironment: './test/node-red/support/environment.cjs',
  testMatch: ['<rootDir>/test/node-red/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 120_000,
  maxWorkers: 1,
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
