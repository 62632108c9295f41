import { describe, expect, it } from '@jest/globals';
import { cli } from '../support/cli.ts';

const FLEET = 'config/fleets/raspberry-pi-4-100mbit.yaml';

describe('isobath plan', () => {
  it('puts all strategies side by side', async () => {
    const { stdout, code } = await cli('plan', 'street', '--fleet', FLEET, '--compare', '--json');
    const { model, fleet, localMs, strategies } = JSON.parse(stdout);
    expect([code, model]).toEqual([0, 'street']);
    expect(fleet).toEqual({ source: FLEET, agents: ['pi-1', 'pi-2', 'pi-3', 'pi-4'], broker: 'embedded' });
    const names = strategies.map(({ strategy }: { strategy: string }) => strategy);
    expect(names).toEqual(expect.arrayContaining(['auto', 'depth', 'paper', 'rows', 'grid', 'modnn', 'iop']));
    for (const each of strategies) {
      expect(each).toMatchObject({
        predictedMs: expect.any(Number),
        speedup: expect.closeTo(localMs / each.predictedMs),
        bytes: expect.any(Number),
        messages: expect.any(Number),
        maxFilterBytes: expect.any(Number),
      });
      expect(each.stages[0]).toMatchObject({ localMs: expect.any(Number), reason: expect.any(String) });
    }
  });

  it('explains one plan to people', async () => {
    const { stdout, code } = await cli(
      'plan',
      'street',
      '--agents',
      '2',
      '--link',
      '1gbit',
      '--device',
      'raspberry-pi-3',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^street on 2 x raspberry-pi-3, 1gbit; at the master alone [\d.]+ ms, by auto /);
    expect(stdout).toMatch(
      /\nStage +Layer +Local ms +S_max +Paper +Scheme +On +T_part +T_tx +T_edge +T_rx +T_join/,
    );
    expect(stdout).toMatch(
      /\n1 {2}conv1: [\w-]+ over 2 agents and the master moves [\d.]+ kB(, with [\d.]+ kB of halo from worker to worker,)? to save /,
    );
  });

  it('shows in its row why a strategy has no plan', async () => {
    const args = ['--limit', '400kB', '--master-limit', '0', '--agents', '6', '--compare', '--json'];
    const { stdout, code } = await cli('plan', 'street', ...args);
    const { strategies } = JSON.parse(stdout);
    const of = (name: string) => strategies.find(({ strategy }: { strategy: string }) => strategy === name);
    expect(code).toBe(0);
    expect(of('local').error.code).toBe('ISO_ERR_PLAN_MEMORY');
    expect(of('auto')).toHaveProperty('maxFilterBytes');
    expect(of('auto').maxFilterBytes).toBeLessThanOrEqual(400e3);
  });

  it.each([
    [['--fleet', FLEET, '--agents', '2'], 'ISO_ERR_USAGE', 2],
    [['--limit', 'much'], 'ISO_ERR_USAGE', 2],
    [['--objective', 'cost'], 'ISO_ERR_USAGE', 2],
    [['--device', 'toaster'], 'ISO_ERR_FLEET_INVALID', 1],
    [['--link', 'fast'], 'ISO_ERR_FLEET_INVALID', 1],
    [['--strategy', 'best'], 'ISO_ERR_STRATEGY_UNKNOWN', 1],
    [['--limit', '1kB', '--master-limit', '0'], 'ISO_ERR_PLAN_MEMORY', 1],
  ])('refuses %j', async (args, error, exit) => {
    const { code, stderr } = await cli('plan', 'street', ...args);
    expect([code, stderr.split(':')[0]]).toEqual([exit, error]);
  });

  it('predicts fewer bytes over a narrower wire, and names it', async () => {
    const args = ['plan', 'zoo:squeezenet', '--fleet', FLEET, '--strategy', 'depth'];
    const document = async (...more: string[]) => JSON.parse((await cli(...args, ...more, '--json')).stdout);
    const [wide, half] = [await document(), await document('--wire', 'float16')];
    expect([wide.wire, half.wire, half.bytes]).toEqual(['float32', 'float16', wide.bytes / 2]);
    const { stdout } = await cli(...args, '--wire', 'int8');
    expect(stdout).toMatch(/^zoo:squeezenet on .* over int8; at the master alone /);
  });

  it('names the wires that there are', async () => {
    const { code, stderr } = await cli('plan', 'street', '--wire', 'float8');
    expect(code).toBe(2);
    expect(stderr).toMatch(/float8.*float32, float16, int8/);
  });
});
