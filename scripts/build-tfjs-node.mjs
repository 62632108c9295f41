// Builds the native part of @tensorflow/tfjs-node against the TensorFlow library inside a wheel of PyPI, for machines
// where its own download cannot be reached or does not exist. `npm run engine:tfjs-node`; docs/engines.md tells more.
// Exit codes: 0 it loads, 1 something is wrong here, 3 the wheel cannot be had.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The C API is stable; this is the version on PyPI nearest to the 2.9.1 that the binding was written for. */
const VERSION = '2.12.1';
/** Of which Python the wheel is does not matter: only its C library is used. */
const WHEELS = {
  x64: { name: 'tensorflow-cpu', platforms: ['manylinux_2_17_x86_64', 'manylinux2014_x86_64'] },
  arm64: { name: 'tensorflow-cpu-aws', platforms: ['manylinux_2_17_aarch64', 'manylinux2014_aarch64'] },
};
const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

const EXTRACT = `
import sys, zipfile
wheel, target = sys.argv[1:]
libraries = ${JSON.stringify(LIBRARIES)}
headers = ['c/', 'tsl/c/', 'tsl/platform/', 'core/platform/']
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        rest = name.removeprefix('tensorflow/')
        inner = rest.removeprefix('include/tensorflow/')
        if rest in libraries or (name.endswith('.h') and inner != rest and inner.startswith(tuple(headers))):
            archive.extract(name, target)
`;

const SMOKE = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require('@tensorflow/tfjs-node');
const [sum] = tf.matMul(tf.ones([1, 8]), tf.ones([8, 1])).dataSync();
if (tf.getBackend() !== 'tensorflow' || sum !== 8) throw new Error('it computes ' + sum + ' instead of 8');
console.log(tf.backend().binding.TF_Version);
`;

class Failure extends Error {
  /** @param {string} message @param {number} [code] */
  constructor(message, code = 1) {
    super(message);
    this.code = code;
  }
}

/** @param {string} command @param {string[]} args @param {{ cwd?: string }} [options] */
function run(command, args, options = {}) {
  const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: environment,
    ...options,
  });
  return { ok: status === 0, out: stdout ?? '', err: error?.message ?? stderr ?? '' };
}

/** @param {string} text */
function tail(text) {
  return text.trim().split('\n').slice(-8).join('\n');
}

function packageFolder() {
  const require = createRequire(import.meta.url);
  try {
    return dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  } catch {
    throw new Failure(
      '@tensorflow/tfjs-node is not installed. It is an optional dependency: run `npm ci` without --omit=optional.',
    );
  }
}

/** The version of TensorFlow that it loads, where it does. @param {string} folder */
function loads(folder) {
  const { ok, out, err } = run(process.execPath, ['-e', SMOKE], { cwd: join(folder, '..', '..', '..') });
  return ok ? { version: out.trim().split('\n').at(-1) } : { error: tail(err) };
}

function checkTools() {
  for (const [tool, cure] of [
    ['python3', 'apt-get install python3'],
    ['make', 'apt-get install make'],
    ['g++', 'apt-get install g++'],
  ]) {
    if (!run(/** @type {string} */ (tool), ['--version']).ok)
      throw new Failure(`${tool} is not there: ${cure}`);
  }
}

/** A folder with the libraries and headers, fetched once for all checkouts. @param {'x64' | 'arm64'} arch */
function libraries(arch) {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cache, 'isobath', `tensorflow-${VERSION}-linux-${arch}`);
  if (existsSync(folder)) return folder;
  const { name, platforms } = WHEELS[arch];
  const work = mkdtempSync(join(tmpdir(), 'isobath-tensorflow-'));
  try {
    console.log(`Fetching ${name} ${VERSION} from PyPI (about 230 MB)`);
    const venv = join(work, 'venv');
    if (!run('python3', ['-m', 'venv', venv]).ok) {
      throw new Failure('Python cannot make a virtual environment: apt-get install python3-venv');
    }
    const wanted = ['--python-version', '3.11', ...platforms.flatMap((platform) => ['--platform', platform])];
    const options = ['--quiet', '--no-cache-dir', '--no-deps', '--only-binary=:all:', ...wanted, '-d', work];
    const pip = run(join(venv, 'bin', 'python'), [
      '-m',
      'pip',
      'download',
      ...options,
      `${name}==${VERSION}`,
    ]);
    if (!pip.ok) throw new Failure(`${name} ${VERSION} cannot be had from PyPI:\n${tail(pip.err)}`, 3);
    const wheel = readdirSync(work).find((file) => file.endsWith('.whl'));
    console.log('Taking its C library and headers out');
    const extracted = join(work, 'extracted');
    const unzip = run('python3', ['-c', EXTRACT, join(work, String(wheel)), extracted]);
    if (!unzip.ok) throw new Failure(`The wheel ${wheel} cannot be read:\n${tail(unzip.err)}`);
    const part = `${folder}.${process.pid}`;
    mkdirSync(join(part, 'lib'), { recursive: true });
    mkdirSync(join(part, 'include'));
    const inside = join(extracted, 'tensorflow');
    // another file system is possible
    for (const library of LIBRARIES) move(join(inside, library), join(part, 'lib', library));
    move(join(inside, 'include', 'tensorflow'), join(part, 'include', 'tensorflow'));
    symlinkSync('libtensorflow_cc.so.2', join(part, 'lib', 'libtensorflow.so'));
    symlinkSync('libtensorflow_framework.so.2', join(part, 'lib', 'libtensorflow_framework.so'));
    renameSync(part, folder);
    return folder;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @param {string} from @param {string} to */
function move(from, to) {
  const { ok, err } = run('mv', [from, to]);
  if (!ok) throw new Failure(`${to} cannot be written: ${tail(err)}`);
}

function nodeGyp() {
  const beside = join(dirname(process.execPath), '..', 'lib', 'node_modules', 'npm');
  const npm = process.env['npm_execpath'] ? join(dirname(process.env['npm_execpath']), '..') : beside;
  const found = [
    process.env['npm_config_node_gyp'],
    ...[npm, beside].map((at) => join(at, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js')),
  ];
  const path = found.find((file) => file && existsSync(file));
  if (!path)
    throw new Failure('node-gyp is not there. Run this as `npm run engine:tfjs-node`: npm brings it.');
  return path;
}

/** Headers that came with Node; without them node-gyp fetches them. */
function headers() {
  const prefix = join(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/** @param {string} folder */
function build(folder) {
  console.log('Building the binding');
  const napi = Math.min(8, Number(process.versions.napi));
  const options = {
    module_name: 'tfjs_binding',
    module_path: join(folder, 'lib', `napi-v${napi}`),
    napi_build_version: napi,
    napi_version: process.versions.napi,
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const { ok, err } = run(process.execPath, [nodeGyp(), 'rebuild', ...headers(), ...flags], { cwd: folder });
  if (!ok) throw new Failure(`The binding cannot be built:\n${tail(err)}`);
  rmSync(join(folder, 'build'), { recursive: true, force: true });
}

function main() {
  const { arch, platform } = process;
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    throw new Failure(
      `This way is for Linux on x64 and arm64, not for ${platform} on ${arch}. Use tfjs-wasm or onnxruntime.`,
    );
  }
  const folder = packageFolder();
  const before = loads(folder);
  if (before.version) {
    console.log(`@tensorflow/tfjs-node loads already, with TensorFlow ${before.version}.`);
    return;
  }
  checkTools();
  const source = libraries(arch);
  rmSync(join(folder, 'deps'), { recursive: true, force: true });
  symlinkSync(source, join(folder, 'deps'));
  build(folder);
  const after = loads(folder);
  if (!after.version) throw new Failure(`It was built, but does not load:\n${after.error}`);
  console.log(`@tensorflow/tfjs-node loads, with TensorFlow ${after.version} from ${source}.`);
}

try {
  main();
} catch (error) {
  console.error(error instanceof Failure ? error.message : error);
  process.exitCode = error instanceof Failure ? error.code : 1;
}
