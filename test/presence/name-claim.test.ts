import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IsobathError } from '../../src/base/errors.ts';
import { type Logger, silentLogger } from '../../src/base/logger.ts';
import { Identity } from '../../src/presence/identity.ts';
import { NameClaim } from '../../src/presence/name-claim.ts';
import { type MemoryBus, MemoryHub } from '../../src/transport/memory-bus.ts';
import { decodeJson, encodeJson } from '../../src/wire/codec.ts';
import { CLAIM } from '../../src/wire/messages/claim.ts';
import { AGENT_STATUS } from '../../src/wire/messages/status.ts';
import { Topics } from '../../src/wire/topics.ts';
import { until } from '../support/until.ts';

const topics = new Topics('test');
const status = topics.agentStatus('a');
const FOR_EVER = 3e6;
/** Where the other one gives way without an answer. */
const SOON = 50;

describe('the claim of a name', () => {
  let hub: MemoryHub;
  let directory: string;
  /** Two identities, the one with the better right first. */
  let identities: Identity[];
  const parties: Party[] = [];
  beforeEach(async () => {
    hub = new MemoryHub();
    directory = await mkdtemp(join(tmpdir(), 'isobath-test-'));
    const both = await Promise.all(['a', 'b'].map((name) => Identity.next(join(directory, name))));
    identities = both.sort((a, b) => (a.run < b.run ? -1 : 1));
  });
  afterEach(async () => {
    for (const { claim, bus } of parties.splice(0)) {
      await claim.stop();
      await bus.stop();
    }
    await rm(directory, { recursive: true, force: true });
  });

  interface Party {
    readonly claim: NameClaim;
    readonly bus: MemoryBus;
    readonly lost: IsobathError[];
    readonly logged: string[];
  }

  async function party(identity: Identity, patienceMs = FOR_EVER): Promise<Party> {
    const bus = hub.bus({ will: { topic: status, payload: statusOf(identity, 'offline'), retain: true } });
    await bus.start();
    const lost: IsobathError[] = [];
    const logged: string[] = [];
    const logger = {
      ...silentLogger,
      warn: (_: object, text: string) => logged.push(text),
    } as unknown as Logger;
    const claim = new NameClaim({
      ...{ bus, topic: topics.agentClaim('a'), identity, logger, what: 'agent a', patienceMs },
      status: { topic: status, kind: AGENT_STATUS },
      announce: () => bus.publish(status, statusOf(identity, 'online'), { qos: 1, retain: true }),
      taken: (machine) => IsobathError.of('ISO_ERR_AGENT_DUPLICATE', { agent: 'a', machine }),
      onLost: (error) => lost.push(error),
    });
    const made = { claim, bus, lost, logged };
    parties.push(made);
    return made;
  }

  const statusOf = ({ epoch, run }: Identity, state: string) =>
    encodeJson({ v: 1, state, epoch, run, version: '1' });

  /** True where the broker keeps just that status. */
  const isKept = (identity: Identity) => {
    const kept = hub.retained(status)[0]?.[1];
    return kept !== undefined && Buffer.from(statusOf(identity, 'online')).equals(kept);
  };

  it('is given at once where no status tells of another one', async () => {
    const { claim } = await party(identities[0]!);
    await claim.start();
    await claim.serve();
    expect(isKept(identities[0]!)).toBe(true);
  });

  it('is given over a retained status of one that does not answer', async () => {
    const ghost = await party(identities[0]!);
    await ghost.bus.publish(status, statusOf(identities[0]!, 'online'), { retain: true });
    await ghost.bus.stop();
    const { claim } = await party(identities[1]!, 20);
    await claim.start();
    await claim.serve();
    expect(isKept(identities[1]!)).toBe(true);
  });

  it.each([0, 1])(
    'is refused, by name of the machine, where one serves; that one goes on and says so once (%#)',
    async (at) => {
      const first = await party(identities[at]!);
      await first.claim.start();
      await first.claim.serve();
      for (let attempt = 0; attempt < 2; attempt += 1) {
        const second = await party(identities[1 - at]!);
        await expect(second.claim.start()).rejects.toMatchObject({
          code: 'ISO_ERR_AGENT_DUPLICATE',
          message: expect.stringContaining(hostname()),
        });
        await second.claim.stop();
        await second.bus.stop();
      }
      expect([first.lost, first.logged.length, isKept(identities[at]!)]).toEqual([[], 1, true]);
    },
  );

  it('goes to one of two that begin at the same moment', async () => {
    const both = [await party(identities[0]!, SOON), await party(identities[1]!, SOON)];
    const refused: boolean[] = await Promise.all(
      both.map(async ({ claim }) => {
        try {
          await claim.start();
          await claim.serve();
          return false;
        } catch {
          return true;
        }
      }),
    );
    await until(() => refused[1] === true || both[1]!.lost.length > 0);
    expect([refused[0], both[0]!.lost]).toEqual([false, []]);
    await both[1]!.claim.stop();
    await until(() => isKept(identities[0]!));
  });

  it.each([0, 1])('goes to one of two that were parted, whichever comes back (%#)', async (at) => {
    const away = await party(identities[at]!, SOON);
    await away.claim.start();
    await away.claim.serve();
    away.bus.lose();
    const other = await party(identities[1 - at]!, SOON);
    await other.claim.start();
    await other.claim.serve();
    away.bus.regain();
    const [better, worse] = at === 0 ? [away, other] : [other, away];
    await until(() => worse.lost.length > 0);
    expect(better.lost).toEqual([]);
    await worse.claim.stop();
    await until(() => isKept(identities[0]!));
  });

  it.each([0, 1])('stays with one that was suspended while another one began to serve (%#)', async (at) => {
    const [first, second] = [await party(identities[at]!, SOON), await party(identities[1 - at]!, SOON)];
    await first.claim.start();
    await first.claim.serve();
    const resume = first.bus.suspend();
    await second.claim.start();
    await second.claim.serve();
    expect(isKept(identities[1 - at]!)).toBe(true);
    resume();
    await until(() => second.lost.length > 0);
    await second.claim.stop();
    await until(() => isKept(identities[at]!));
    expect(first.lost).toEqual([]);
  });

  it.each([0, 1])('is not begun with by one that is answered after it asked (%#)', async (at) => {
    const [first, second] = [await party(identities[at]!, SOON), await party(identities[1 - at]!, SOON)];
    await first.claim.start();
    await first.claim.serve();
    const resume = first.bus.suspend();
    await second.claim.start();
    let isAnswered = false;
    await second.bus.subscribe(topics.agentClaim('a'), (_, payload) => {
      isAnswered ||= decodeJson(CLAIM, 'claim', payload).type === 'held';
    });
    resume();
    await until(() => isAnswered);
    await expect(second.claim.serve()).rejects.toMatchObject({ code: 'ISO_ERR_AGENT_DUPLICATE' });
    expect([first.lost, isKept(identities[at]!)]).toEqual([[], true]);
  });

  it('puts right what others write under the name', async () => {
    const { claim } = await party(identities[0]!);
    await claim.start();
    await claim.serve();
    const stranger = await party(identities[1]!);
    const wills = [statusOf(identities[1]!, 'offline'), statusOf(identities[0]!, 'offline'), 'no status', ''];
    for (const will of wills) {
      await stranger.bus.publish(status, will, { retain: true });
      await until(() => isKept(identities[0]!));
    }
  });
});
