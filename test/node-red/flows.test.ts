import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder } from '../support/temporary.ts';
import { type FlowNode, NodeRed, readFlow, VERSION } from './support/node-red.ts';
import { SAMPLES, Stack } from './support/stack.ts';

const library = '/library/examples/flows/@isobath/node-red-isobath';
const pedestrian = path.join(SAMPLES, 'pedestrian.png');

/** The flows of flows/ in a real Node-RED, with a real broker, master and two agents. */
describe(`flows/ in Node-RED ${VERSION}`, () => {
  let stack: Stack;
  let nodeRed: NodeRed;
  let camera: Server;
  let snapshots = 0;

  beforeAll(async () => {
    stack = await Stack.start(['east', 'west']);
    nodeRed = await NodeRed.create();
    await nodeRed.start();
    const picture = await readFile(pedestrian);
    camera = createServer((_, response) => {
      snapshots += 1;
      response.setHeader('content-type', 'image/png').end(picture);
    }).listen(0, '127.0.0.1');
    await once(camera, 'listening');
  });
  afterAll(async () => {
    await nodeRed?.stop();
    await stack?.stop();
    camera?.close();
  });

  const cameraUrl = () => `http://127.0.0.1:${(camera.address() as AddressInfo).port}/snapshot.png`;

  /** Imports a flow; resolves when its nodes are connected. */
  async function run(file: string, values: Readonly<Record<string, string>> = {}): Promise<void> {
    const from = nodeRed.log.length;
    const nodes: FlowNode[] = await readFlow(`flows/${file}`, stack.port, values);
    await nodeRed.deploy(nodes);
    const has = (type: string) => nodes.some((node) => node.type === type);
    if (has('isobath-cluster')) await nodeRed.wrote(/\[isobath-cluster:.*Connected to/, 1, from);
    if (has('mqtt-broker')) await nodeRed.wrote(/\[mqtt-broker:.*Connected to broker/, 1, from);
  }

  /** What the runtime itself answers. */
  async function answerTo(file: string) {
    const { summary } = await stack.client.infer(
      'street',
      { file: await readFile(file) },
      { outputs: 'labels' },
    );
    return summary.top!;
  }

  it('are run by that version, on the Node that it is meant for', () => {
    expect(nodeRed.log).toContain(`Node-RED version: v${VERSION}.`);
    const node = VERSION === '5' ? 'v24.' : process.version;
    expect(nodeRed.log).toContain(`Node.js  version: ${node}`);
  });

  it('camera-alarm.json: a picture of the camera becomes an alarm', async () => {
    const folder = await temporaryFolder();
    await run('camera-alarm.json', { CAMERA: cameraUrl(), PICTURES: folder, LABEL: 'pedestrian' });
    const alarm = await stack.next<{ label: string; probability: number; ms: number }>('alarms/camera');
    await nodeRed.inject('camalarmtick');
    const { label, probability, ms } = await alarm();
    const [best] = await answerTo(pedestrian);
    expect({ label, probability }).toEqual({ label: best!.label, probability: best!.probability });
    expect(ms).toBeGreaterThan(0);
    expect(snapshots).toBeGreaterThan(0);
  });

  it('camera-alarm.json: a new file of the folder does, and one of something else does not', async () => {
    const folder = await temporaryFolder();
    await run('camera-alarm.json', { CAMERA: cameraUrl(), PICTURES: folder, LABEL: 'pedestrian' });
    const alarm = await stack.next<{ file?: string }>('alarms/camera', ({ file }) => file !== undefined);
    await copyFile(path.join(SAMPLES, 'bus.png'), path.join(folder, 'first.png'));
    await copyFile(pedestrian, `${folder}.part`);
    await rename(`${folder}.part`, path.join(folder, 'second.png'));
    expect((await alarm()).file).toBe(path.join(folder, 'second.png'));
  });

  it('http-infer.json: a posted picture is answered, and an error has its status', async () => {
    await run('http-infer.json');
    const post = async (model: string, body: BodyInit, type = 'image/png') => {
      const headers = { 'content-type': type };
      const response = await fetch(`${nodeRed.url}/infer/${model}`, { method: 'POST', headers, body });
      return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
    };
    const good = await post('street', await readFile(pedestrian));
    expect(good).toEqual({
      status: 200,
      answer: { top: await answerTo(pedestrian), model: 'street', ms: expect.any(Number), degraded: false },
    });
    expect(await post('nothing', await readFile(pedestrian))).toMatchObject({
      status: 404,
      answer: { error: { code: 'ISO_ERR_MODEL_NOT_SERVED' } },
    });
    expect(await post('street', Buffer.from('\xff\xd8\xff no picture', 'latin1'))).toMatchObject({
      status: 400,
      answer: { error: { code: 'ISO_ERR_INPUT_UNREADABLE' } },
    });
  });

  it('fleet-monitor.json: tells who comes and goes, and sums up', async () => {
    const two = await stack.next<{ online: number }>('isobath-monitor/summary', ({ online }) => online === 2);
    await run('fleet-monitor.json');
    expect(await two()).toMatchObject({ master: 'online', models: [{ model: 'street' }] });
    const third = await stack.next<string>('notifications/isobath', (text) => text.includes('south is here'));
    const plan = await stack.next<string>('notifications/isobath', (text) =>
      /now runs by depth on .*south/.test(text),
    );
    const agent = stack.addAgent('south');
    await third();
    expect(await plan()).toContain('east, south, west');
    const gone = await stack.next<string>('notifications/isobath', (text) => text.includes('south has gone'));
    const after = await stack.next<{ offline: number }>(
      'isobath-monitor/summary',
      ({ offline }) => offline === 1,
    );
    await agent.kill();
    await gone();
    await after();
  });

  it('sensor-home-assistant.json: motion becomes the state of an entity, announced again at birth', async () => {
    const config = await stack.next<{ state_topic: string }>('homeassistant/sensor/isobath_flow_gate/config');
    await run('sensor-home-assistant.json', { CAMERA: cameraUrl() });
    const { state_topic } = await config();
    const state = await stack.next<{ label: string; others: string[] }>(state_topic);
    await stack.bus.publish('sensors/gate/motion', 'ON', { qos: 1 });
    const [first, second, third] = await answerTo(pedestrian);
    expect(await state()).toMatchObject({ label: first!.label, others: [second!.label, third!.label] });
    await stack.bus.publish('homeassistant/sensor/isobath_flow_gate/config', '', { qos: 1, retain: true });
    const again = await stack.next<unknown>(
      'homeassistant/sensor/isobath_flow_gate/config',
      (text) => text !== '',
    );
    await stack.bus.publish('homeassistant/status', 'online', { qos: 1 });
    await again();
  });

  it('folder-csv.json: a report of every picture of a folder, and of one that is none', async () => {
    const folder = await temporaryFolder();
    const report = path.join(folder, 'report.csv');
    const pictures = path.join(folder, 'pictures');
    await mkdir(pictures);
    const samples = (await readdir(SAMPLES)).sort();
    for (const file of samples) await copyFile(path.join(SAMPLES, file), path.join(pictures, file));
    await writeFile(path.join(pictures, 'broken.png'), '\x89PNG\r\n\x1a\nno', 'latin1');
    await run('folder-csv.json', { PICTURES: pictures, REPORT: report });
    const from = nodeRed.log.length;
    await nodeRed.inject('batchcsvgo');
    const text = await untilWritten(report);
    expect(nodeRed.log.slice(from)).not.toContain('[error]');
    const rows = new Map(
      text
        .trim()
        .split('\n')
        .map((line) => [line.split(',')[0]!, line.split(',')]),
    );
    expect(rows.get('file')).toEqual(['file', 'label', 'probability', 'ms', 'degraded', 'error']);
    expect(rows.size).toBe(samples.length + 2);
    for (const file of samples) {
      const [best] = await answerTo(path.join(SAMPLES, file));
      expect(rows.get(file)!.slice(1, 3)).toEqual([best!.label, best!.probability.toFixed(4)]);
    }
    expect(rows.get('broken.png')!.at(-1)).toBe('ISO_ERR_INPUT_UNREADABLE');
  });

  it('plain-mqtt.json: a picture in, JSON out, without a node of ours', async () => {
    await run('plain-mqtt.json', { PICTURE: pedestrian });
    const answer = await stack.next('answers/street');
    await nodeRed.inject('plainmqtgo');
    expect(await answer()).toEqual((await answerTo(pedestrian))[0]);
  });

  it('goes on when an agent is killed: the answer is the same', async () => {
    const before = await answerTo(pedestrian);
    await run('http-infer.json');
    await stack.agents.get('west')!.kill();
    const body = await readFile(pedestrian);
    const response = await fetch(`${nodeRed.url}/infer/street`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body,
    });
    expect(response.status).toBe(200);
    const { top } = (await response.json()) as { top: { label: string; probability: number }[] };
    expect(top.map(({ label }) => label)).toEqual(before.map(({ label }) => label));
    expect(top[0]!.probability).toBeCloseTo(before[0]!.probability, 4);
  });

  it.each(['infer a picture', 'camera stream', 'watch the fleet', 'explain a plan'])(
    'the example "%s" is offered and runs',
    async (name) => {
      const listed = JSON.stringify(await (await nodeRed.request('GET', `${library}/`)).json());
      expect(listed).toContain(name);
      const where = `${library}/${encodeURIComponent(name)}`;
      const offered = (await (await nodeRed.request('GET', where)).json()) as FlowNode[];
      expect(offered).toEqual(JSON.parse(await readFile(`node-red/examples/${name}.json`, 'utf8')));
      const from = nodeRed.log.length;
      // what an example shows in the sidebar is shown in the log, too
      const nodes = (await readFlow(`node-red/examples/${name}.json`, stack.port)).map((node) =>
        node.type === 'debug' ? { ...node, active: true, console: true } : node,
      );
      await nodeRed.deploy(nodes);
      await nodeRed.wrote(/\[isobath-cluster:.*Connected to/, 1, from);
      await nodeRed.inject(nodes.find(({ type }) => type === 'inject')!.id);
      await nodeRed.wrote(/\[debug:/, 1, from);
      expect(nodeRed.log.slice(from)).not.toMatch(/\[error\]|\[debug:errors\]/);
    },
  );
});

/** The file when its last line is complete: Node-RED's file node writes it at once. */
async function untilWritten(file: string): Promise<string> {
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.endsWith('\n') && text.includes('yield-sign')) return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
