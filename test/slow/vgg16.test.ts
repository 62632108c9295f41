import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { isobath, ServiceProcess } from '../support/processes.ts';

const VGG16_FILTER_BYTES = 138_357_544 * 4;

describe('VGG16 on processes', () => {
  let folder = '';
  const services: ServiceProcess[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'isobath-vgg16-'));
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.kill()));
    await rm(folder, { recursive: true, force: true });
  });

  it('holds each filter once over 4 agents, and sends none the second time', async () => {
    const verify = () => isobath('verify', 'zoo:vgg16', '--agents', '4', '--state', folder, '--json');
    const first = await verify();
    expect(first.code).toBe(0);
    const report = JSON.parse(first.stdout);
    expect(report).toMatchObject({ agents: 4, distributedStages: 16, ok: true });
    // the programs themselves are small beside their filters
    expect(report.filterBytesSent).toBeGreaterThanOrEqual(VGG16_FILTER_BYTES);
    expect(report.filterBytesSent).toBeLessThan(1.001 * VGG16_FILTER_BYTES);
    const second = JSON.parse((await verify()).stdout);
    expect(second).toMatchObject({ ok: true, filterBytesSent: 0 });
  });

  it('runs on 4 agents that hold 200 MB of filters each, and is refused on 2 with the shortfall', async () => {
    const verify = (agents: string) =>
      isobath(
        ...['verify', 'zoo:vgg16', '--agents', agents, '--strategy', 'auto'],
        ...['--limit', '200MB', '--master-limit', '0B', '--json'],
      );
    const four = await verify('4');
    expect(four.code).toBe(0);
    const report = JSON.parse(four.stdout);
    expect(report).toMatchObject({ agents: 4, strategy: 'auto', ok: true });
    expect(report.filterBytesSent).toBeLessThanOrEqual(4.01 * 200e6);
    const two = await verify('2');
    expect(two.code).toBe(1);
    const { error } = JSON.parse(two.stdout);
    expect(error.code).toBe('ISO_ERR_PLAN_MEMORY');
    expect(error.message).toMatch(/400/);
  });

  it('answers right when an agent is killed in the middle, and runs the next on the others', async () => {
    const master = service([
      'master',
      '--port',
      '0',
      '--model',
      'zoo:vgg16',
      '--state',
      join(folder, 'master'),
    ]);
    const [, url] = await master.wrote(/"url":"(mqtt:[^"]+)"/);
    for (const name of ['a1', 'a2', 'a3', 'a4']) {
      service(['agent', '--broker', url!, '--name', name, '--state', join(folder, name)]);
    }
    await master.wrote(/The model is deployed\. .*"agents":4/);
    const infer = async () => {
      const image = 'models/street/samples/car.png';
      const { code, stdout } = await isobath('infer', 'vgg16', image, '--broker', url!, '--json');
      return { code, answer: JSON.parse(stdout) };
    };
    const undisturbed = await infer();
    expect(undisturbed).toMatchObject({ code: 0, answer: { degraded: false, agents: 4 } });

    const watcher = new MqttBus({ url: url! });
    await watcher.start();
    const killed = new Promise<void>((resolve) => {
      let parts = 0;
      void watcher.subscribe('isobath/v1/default/shards/+/5/+/ofm', () => {
        parts += 1;
        if (parts === 1) void services.at(-1)!.kill().then(resolve);
      });
    });
    const disturbed = await infer();
    await killed;
    await watcher.stop();
    expect(disturbed).toMatchObject({ code: 0, answer: { degraded: true } });
    expect(probabilities(disturbed.answer)).toEqual(probabilities(undisturbed.answer));

    await master.wrote(/The model is deployed\. .*"agents":3/);
    const next = await infer();
    expect(next).toMatchObject({ code: 0, answer: { degraded: false, agents: 3 } });
    expect(probabilities(next.answer)).toEqual(probabilities(undisturbed.answer));
  });

  function service(args: readonly string[]): ServiceProcess {
    const started = new ServiceProcess(args);
    services.push(started);
    return started;
  }
});

/** Another split sums in another order, so the last digits may differ. */
function probabilities({ top }: { top: readonly { index: number; probability: number }[] }): unknown {
  return top.map(({ index, probability }) => [index, Number(probability.toPrecision(4))]);
}
