import { describe, expect, it } from '@jest/globals';
import { type LifeChange, PartyLife } from '../../src/presence/life.ts';
import type { Life } from '../../src/wire/messages/status.ts';

/** What comes to a reader: a status that is published now, one that the broker kept, or the loss of the connection. */
type Event = { readonly said: Life; readonly retain: boolean } | 'lost';

const online = (run: string, epoch: number): Event => ({
  said: { state: 'online', run, epoch },
  retain: false,
});
const offline = (run: string, epoch: number): Event => ({
  said: { state: 'offline', run, epoch },
  retain: false,
});
const kept = (event: Event): Event => (event === 'lost' ? event : { ...event, retain: true });
const without = (event: Event): Event => {
  if (event === 'lost') return event;
  const { state, epoch } = event.said;
  return { ...event, said: { state, epoch } };
};

/** Milliseconds since 1970, as earlier versions counted their starts. */
const IN_2026 = 1_790_000_000_000;
const IN_1970 = 5000;

const old = 'old';
const now = 'now';

/** Each order of events, what each of them changes, and the life that counts at the end. */
const CASES: [string, Event[], LifeChange[], string | undefined][] = [
  ['a start', [online(now, 1)], ['online'], now],
  ['a start, told twice', [online(now, 1), online(now, 1)], ['online', 'none'], now],
  ['a start and an end', [online(now, 1), offline(now, 1)], ['online', 'offline'], undefined],
  ['an end alone', [offline(now, 1)], ['none'], undefined],
  [
    'a connection that breaks and comes back',
    [online(now, 1), offline(now, 1), online(now, 1)],
    ['online', 'offline', 'online'],
    now,
  ],
  ['a restart', [online(old, 1), online(now, 2)], ['online', 'restarted'], now],
  [
    'an orderly restart',
    [online(old, 1), offline(old, 1), online(now, 2)],
    ['online', 'offline', 'online'],
    now,
  ],
  [
    'the late will of an old life',
    [online(old, 1), online(now, 2), offline(old, 1)],
    ['online', 'restarted', 'none'],
    now,
  ],
  [
    'the late will of an old life with a greater epoch',
    [online(now, 1), offline(old, IN_2026)],
    ['online', 'none'],
    now,
  ],
  ['a retained life that answers nobody', [kept(online(old, 1))], ['online'], old],
  ['a new life over a retained one', [kept(online(old, 1)), online(now, 2)], ['online', 'restarted'], now],
  [
    'a fresh state folder with the clock back, over a retained life with a greater epoch',
    [kept(online(old, IN_2026)), online(now, 1)],
    ['online', 'restarted'],
    now,
  ],
  [
    'the same, while the reader knew the old life alive',
    [online(old, IN_2026), 'lost', kept(online(old, IN_2026)), online(now, 1)],
    ['online', 'none', 'restarted'],
    now,
  ],
  [
    'an orderly end, then a fresh state folder with the clock back',
    [online(old, IN_2026), offline(old, IN_2026), online(now, 1)],
    ['online', 'offline', 'online'],
    now,
  ],
  [
    'the same, seen by a reader that came later',
    [kept(offline(old, IN_2026)), online(now, 1)],
    ['none', 'online'],
    now,
  ],
  [
    'a fresh state folder with a right clock after a wrong one',
    [online(old, IN_2026 * 2), online(now, IN_2026)],
    ['online', 'restarted'],
    now,
  ],
  [
    'a gateway that boots in 1970',
    [kept(online(old, IN_2026)), online(now, IN_1970)],
    ['online', 'restarted'],
    now,
  ],
  [
    'a gateway that boots in 1970 each time',
    [online(old, IN_1970), offline(old, IN_1970), online(now, IN_1970)],
    ['online', 'offline', 'online'],
    now,
  ],
  [
    'an old retained status that is overtaken by a live one',
    [online(now, 1), kept(online(old, IN_2026))],
    ['online', 'none'],
    now,
  ],
  [
    'a retained end that is overtaken by a live start',
    [online(now, 2), kept(offline(old, 1))],
    ['online', 'none'],
    now,
  ],
  [
    'a retained start that is overtaken by its own end',
    [offline(now, 1), kept(online(now, 1))],
    ['none', 'none'],
    undefined,
  ],
  [
    'the retained status of the life that is known',
    [online(now, 1), kept(online(now, 1))],
    ['online', 'none'],
    now,
  ],
  [
    'an end while the reader was away',
    [online(now, 1), 'lost', kept(offline(now, 1))],
    ['online', 'offline'],
    undefined,
  ],
  [
    'a whole life while the reader was away',
    [online(old, 1), 'lost', kept(offline(now, 2))],
    ['online', 'offline'],
    undefined,
  ],
  [
    'a restart while the reader was away',
    [online(old, 2), 'lost', kept(online(now, 1))],
    ['online', 'restarted'],
    now,
  ],
  [
    'a late will while the reader was away, that the live party puts right',
    [online(now, 2), 'lost', kept(offline(old, 1)), online(now, 2)],
    ['online', 'offline', 'online'],
    now,
  ],
  [
    'two parties of one name, until one gives way',
    [online(old, 1), online(now, 1), online(old, 1), online(now, 1), offline(old, 1)],
    ['online', 'restarted', 'restarted', 'restarted', 'none'],
    now,
  ],
  [
    'a party that says nothing but epochs, and its late will',
    [without(online(old, 5)), without(online(now, 6)), without(offline(old, 5))],
    ['online', 'restarted', 'none'],
    now,
  ],
  [
    'a party that says nothing but epochs, with the clock back',
    [without(online(old, IN_2026)), without(online(now, IN_1970))],
    ['online', 'restarted'],
    now,
  ],
];

describe('which status of a party counts', () => {
  it.each(CASES)('%s', (_, events, changes, counts) => {
    const life = new PartyLife<Life>();
    const seen = events.flatMap((event) => {
      if (event !== 'lost') return [life.take(event.said, event)];
      life.lostConnection();
      return [];
    });
    expect(seen).toEqual(changes);
    const last = events.findLast((event) => event !== 'lost' && event.said.state === 'online');
    const { status } = life;
    if (counts === undefined) expect(status?.state).not.toBe('online');
    else
      expect(status).toMatchObject({
        state: 'online',
        ...(status?.run ? { run: counts } : (last as { said: Life }).said),
      });
  });

  it('knows nothing when the broker was told to forget', () => {
    const life = new PartyLife<Life>();
    life.take({ state: 'online', epoch: 1, run: old }, { retain: false });
    life.clear();
    expect(life.status).toBeUndefined();
    expect(life.take({ state: 'offline', epoch: 1, run: now }, { retain: true })).toBe('none');
  });
});
