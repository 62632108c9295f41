/**
 * Gets what the tests need into .cache/: `node prepare.mjs 4` or `5`: Node-RED of that version, and the packed nodes. Nothing of it is
 * a dependency of Isobath.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const cache = path.join(here, '.cache');

const WANTED = {
  4: ['node-red@~4.1.0', 'node-red-node-test-helper@^0.3.4', 'playwright-core@^1.50.0'],
  // Node-RED 5 on the Node that it is meant for, whatever runs the tests
  5: ['node-red@^5.0.0', 'node@24'],
};

const version = process.argv[2] ?? '4';
const packages = WANTED[version];
if (!packages) throw new Error(`there is no Node-RED ${version} here: ${Object.keys(WANTED).join(' or ')}`);

const folder = path.join(cache, `node-red-${version}`);
const stamp = path.join(folder, `${packages.join(' ').replaceAll(/[^\w.@-]/g, '_')}.installed`);
if (!existsSync(stamp)) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  npm(['install', '--no-audit', '--no-fund', '--loglevel=error', ...packages], folder);
  writeFileSync(stamp, '');
}

const packed = path.join(cache, 'packed');
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed, { recursive: true });
npm(['pack', '--loglevel=error', '--pack-destination', packed], here);
const [file] = readdirSync(packed);
renameSync(path.join(packed, file), path.join(packed, 'package.tgz'));

function npm(args, cwd) {
  // npm of an outer `npm run` tells its own settings to those it starts
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  execFileSync('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}
