import type { Logger } from '../base/logger.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { Fleet } from './fleet.ts';

/** An agent measures in a few seconds; one that runs shards meanwhile, or is slow, takes longer. */
const PATIENCE_MS = 60_000;

let serial = 0;

/**
 * Has these agents measure themselves; resolves when each has answered, left, or taken too long. One after another, or
 * `together`: then only those of one machine follow one another, because they would measure each other.
 */
export async function calibrateAgents(
  fleet: Fleet,
  agents: readonly string[],
  logger: Logger,
  together: boolean,
): Promise<void> {
  const inTurn = async (some: readonly string[]) => {
    for (const agent of some) await calibrateAgent(fleet, agent, logger);
  };
  if (together) await Promise.all(byMachine(fleet, agents).map(inTurn));
  else await inTurn(agents);
}

/** Agents that do not tell their machine have one of their own. */
function byMachine(fleet: Fleet, agents: readonly string[]): string[][] {
  const hosts = new Map(fleet.members.map(({ id, profile }) => [id, profile.host]));
  const groups = new Map<string, string[]>();
  for (const agent of agents) {
    const host = hosts.get(agent);
    const key = host === undefined ? `agent ${agent}` : `host ${host}`;
    groups.set(key, [...(groups.get(key) ?? []), agent]);
  }
  return [...groups.values()];
}

async function calibrateAgent(fleet: Fleet, agent: string, logger: Logger): Promise<void> {
  const replyId = `calibrate-${serial++}`;
  const undo: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const answered = new Promise<string | undefined>((resolve) => {
    timer = setTimeout(() => resolve('it takes too long'), PATIENCE_MS);
    undo.push(
      fleet.on('left', ({ id, reason }) => {
        if (id === agent) resolve(`it is ${reason}`);
      }),
      fleet.on('reply', ({ agent: from, reply }) => {
        if (from !== agent || !('replyId' in reply) || reply.replyId !== replyId) return;
        resolve(reply.type === 'failed' ? reply.error.message : undefined);
      }),
    );
  });
  try {
    await fleet.send(agent, { v: VERSION, type: 'calibrate', replyId });
    const problem = await answered;
    if (problem) logger.warn({ agent, reason: problem }, 'The agent could not be calibrated.');
  } finally {
    clearTimeout(timer);
    for (const step of undo) step();
  }
}
