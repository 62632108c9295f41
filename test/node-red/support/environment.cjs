const { createRequire } = require('node:module');
const Base = require('../../support/environment.cjs');

/** Node-RED runs outside of jest's module registry, as it does in life: `nodeRequire` is the require of Node itself. */
module.exports = class extends Base {
  async setup() {
    await super.setup();
    this.global.nodeRequire = createRequire(__filename);
    // the helper compares flows by assert.deepEqual, which tells the objects of two realms apart
    this.global.outerCopy = (value) => JSON.parse(JSON.stringify(value));
  }
};
