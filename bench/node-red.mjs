/**
 * A camera's stream through a flow: `npm run bench:node-red -- --minutes 10 --rate 10`. Starts a master, two agents and a Node-RED of their
 * own, has a flow inject that many pictures a second, and prints how far Node-RED's event loop fell behind and what memory it held,
 * as its process measured itself. The memory is compared after a collection of garbage: third minute against the last.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '10' },
    json: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.rate);
const root = fileURLToPath(new URL('..', import.meta.url));
const cache = path.join(root, 'node-red/.cache');
const program = path.join(root, 'dist/cli/main.js');
const folder = mkdtempSync(path.join(tmpdir(), 'isobath-bench-'));
const children = [];

function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], cwd: folder, ...options });
  child.setMaxListeners(0);
  children.push(child);
  child.text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      child.text = (child.text + text).slice(-65_536);
      child.emit('wrote');
    });
  }
  return child;
}

async function wrote(child, pattern) {
  for (;;) {
    const match = child.text.match(pattern);
    if (match) return match;
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${child.text}`);
    await Promise.race([once(child, 'wrote'), once(child, 'exit')]);
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function streamFlow(broker) {
  const picture = readFileSync(path.join(root, 'models/street/samples/pedestrian.png'));
  writeFileSync(path.join(folder, 'picture.png'), picture);
  return [
    { id: 'tab', type: 'tab', label: 'stream' },
    { id: 'cluster', type: 'isobath-cluster', broker, cluster: 'default', tls: '', keepalive: '30' },
    {
      id: 'tick',
      type: 'inject',
      z: 'tab',
      props: [{ p: 'payload' }],
      payload: path.join(folder, 'picture.png'),
      payloadType: 'str',
      repeat: String(1 / rate),
      once: false,
      wires: [['read']],
    },
    {
      id: 'read',
      type: 'file in',
      z: 'tab',
      filename: 'payload',
      filenameType: 'msg',
      format: '',
      chunk: false,
      encoding: 'none',
      wires: [['infer']],
    },
    {
      id: 'infer',
      type: 'isobath-infer',
      z: 'tab',
      cluster: 'cluster',
      model: 'street',
      result: 'auto',
      top: '5',
      timeout: '30',
      concurrency: '2',
      policy: 'drop-oldest',
      limit: '1',
      errors: 'output',
      outputs: 2,
      wires: [['count'], ['count']],
    },
    {
      id: 'count',
      type: 'function',
      z: 'tab',
      // what came before the connection was there is not of the stream
      func: `const kind = msg.error ? 'failed' : 'answered';
if (msg.error && !global.get('answered')) return null;
const add = (name, count) => global.set(name, (global.get(name) || 0) + count);
add(kind, 1);
if (msg.isobath && msg.isobath.dropped) add('dropped', msg.isobath.dropped);
return null;`,
      outputs: 1,
      libs: [],
      wires: [[]],
    },
  ];
}

/** Runs inside Node-RED's process, before it. */
const PROBE = `
const { monitorEventLoopDelay } = require('node:perf_hooks');
const histogram = monitorEventLoopDelay({ resolution: 1 });
process.on('message', (message) => {
  if (message === 'reset') { histogram.enable(); histogram.reset(); return; }
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const ms = (ns) => ns / 1e6;
  process.send({ rss, heapUsed, external, p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) });
});
// the bench is alone in keeping the channel open
process.channel.unref();
`;

async function ask(child) {
  child.send('report');
  const [report] = await once(child, 'message');
  return report;
}

try {
  const state = (name) => ['--state', path.join(folder, name), '--threads', '1', '--calibration', 'never'];
  const master = start(process.execPath, [
    program,
    'master',
    '--port',
    '0',
    '--model',
    'street',
    ...state('m'),
  ]);
  const [broker] = await wrote(master, /mqtt:\/\/127\.0\.0\.1:\d+/);
  for (const name of ['east', 'west']) {
    start(process.execPath, [program, 'agent', '--broker', broker, '--name', name, ...state(name)]);
    await wrote(children.at(-1), /ready|joined|waits/i);
  }
  const home = path.join(cache, 'node-red-4');
  const tarball = path.join(cache, 'packed/package.tgz');
  if (!existsSync(tarball)) throw new Error('first: node node-red/prepare.mjs 4');
  const userDir = path.join(folder, 'user');
  execFileSync('mkdir', ['-p', userDir]);
  writeFileSync(path.join(userDir, 'package.json'), '{ "private": true }\n');
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', tarball], {
    cwd: userDir,
    env: clean,
  });
  writeFileSync(path.join(userDir, 'flows.json'), JSON.stringify(streamFlow(broker)));
  const settings = {
    uiPort: await freePort(),
    uiHost: '127.0.0.1',
    flowFile: 'flows.json',
    telemetry: { enabled: false },
  };
  writeFileSync(
    path.join(userDir, 'settings.js'),
    `module.exports = { ...${JSON.stringify(settings)}, contextStorage: { default: { module: 'localfilesystem', config: { flushInterval: 1 } } } };\n`,
  );
  writeFileSync(path.join(folder, 'probe.cjs'), PROBE);
  const red = createRequire(path.join(home, 'package.json')).resolve('node-red/red.js');
  const nodeRed = start(
    process.execPath,
    ['--expose-gc', '--require', path.join(folder, 'probe.cjs'), red, '--userDir', userDir],
    { env: { ...clean, NODE_OPTIONS: '' } },
  );
  await wrote(nodeRed, /Connected to/);
  // the first answers load code and fill caches
  const settle = Math.min(60_000, minutes * 6000);
  await new Promise((resolve) => setTimeout(resolve, settle));
  nodeRed.send('reset');
  const reports = [];
  const began = performance.now();
  for (let at = 1; at <= Math.max(2, Math.round(minutes)); at += 1) {
    const due = began + (at * minutes * 60_000) / Math.max(2, Math.round(minutes));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    const report = await ask(nodeRed);
    reports.push(report);
    const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);
    if (!values.json) {
      console.log(
        `${((performance.now() - began) / 60_000).toFixed(1)} min: event loop delay p50 ${report.p50.toFixed(1)} p99 ${report.p99.toFixed(1)} max ${report.max.toFixed(1)} ms; resident ${mib(report.rss)} heap ${mib(report.heapUsed)} external ${mib(report.external)} MiB`,
      );
    }
  }
  const seconds = (performance.now() - began) / 1000;
  const context = path.join(userDir, 'context/global/global.json');
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const {
    answered = 0,
    failed = 0,
    dropped = 0,
  } = existsSync(context) ? JSON.parse(readFileSync(context, 'utf8')) : {};
  const middle = reports[Math.min(2, reports.length - 2)];
  const last = reports.at(-1);
  const result = {
    minutes: seconds / 60,
    rate,
    answered,
    failed,
    dropped,
    p99Ms: last.p99,
    maxMs: last.max,
    heapGrowth: last.heapUsed / middle.heapUsed - 1,
    residentGrowth: last.rss / middle.rss - 1,
  };
  if (values.json) console.log(JSON.stringify({ ...result, reports }));
  else {
    console.log(`${answered} answered, ${failed} failed, ${dropped} dropped`);
    console.log(
      `event loop delay p99 ${last.p99.toFixed(1)} ms; heap ${(100 * result.heapGrowth).toFixed(1)} %, resident ${(100 * result.residentGrowth).toFixed(1)} % against the third report`,
    );
  }
} finally {
  for (const child of children.reverse()) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')));
  rmSync(folder, { recursive: true, force: true });
}
