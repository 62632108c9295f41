import type { Logger } from '../base/logger.ts';
import { VERSION } from '../wire/messages/common.ts';
import type { Fleet } from './fleet.ts';

/** An agent measures in a few seconds; one that runs shards meanwhile, or is slow, takes longer. */
const PATIENCE_MS = 60_000;

let serial = 0;

/**
 * Has these agents measure themselves; resolves when each has answered, left, or taken too long. One after another,
 * because agents of one machine would measure each other; `together` where each has a machine of its own.
 */
export async function calibrateAgents(
  fleet: Fleet,
  agents: readonly string[],
  logger: Logger,
  together: boolean,
): Promise<void> {
  if (together) await Promise.all(agents.map((agent) => calibrateAgent(fleet, agent, logger)));
  else for (const agent of agents) await calibrateAgent(fleet, agent, logger);
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
