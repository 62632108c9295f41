/** @type {import('jest').Config} */
const config = {
  testEnvironment: './test/support/environment.cjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/dist-deb/', '<rootDir>/node-red/'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/test/slow/',
    '/test/packaging/',
    '/test/node-red/',
    '/test/fogbed/',
  ],
  testTimeout: 60_000,
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
