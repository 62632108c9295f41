/** @type {import('jest').Config} */
const config = {
  testEnvironment: './test/support/environment.cjs',
  setupFiles: ['<rootDir>/test/support/seed.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: [
    '<rootDir>/dist/',
    '<rootDir>/dist-bench/',
    '<rootDir>/dist-deb/',
    '<rootDir>/node-red/',
  ],
  testPathIgnorePatterns: [
    '/node_modules/',
    '/test/slow/',
    '/test/packaging/',
    '/test/node-red/',
    '/test/fogbed/',
  ],
  testTimeout: 60_000,
  // without it jest leaves one core idle, which is half of a small machine
  maxWorkers: '100%',
};
// biome-ignore lint/style/noDefaultExport: jest reads the default export
export default config;
