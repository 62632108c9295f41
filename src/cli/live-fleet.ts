import { IsobathError } from '../base/errors.ts';
import { assumedCompute } from '../estimator/assumed.ts';
import type { MeasuredDevice, MeasuredFleet } from '../estimator/measured.ts';
import { Fleet } from '../master/fleet.ts';
import { deviceOf } from '../master/member-device.ts';
import { MASTER } from '../planner/plan.ts';
import { MqttBus } from '../transport/mqtt-bus.ts';
import { CHUNK_BYTES } from '../wire/chunks.ts';
import { decodeJson, MAX_MESSAGE_BYTES } from '../wire/codec.ts';
import { FLEET_REPORT } from '../wire/messages/fleet.ts';
import { Topics } from '../wire/topics.ts';
import { type ClientFlags, clientSettings } from './client-options.ts';
import { busOptions } from './connection.ts';
import { type CliContext, quietLogger } from './context.ts';

export interface LiveFleet {
  readonly fleet: MeasuredFleet;
  readonly url: string;
  /** What nobody measured, in words. */
  readonly assumed: readonly string[];
}

const CONNECT_TIMEOUT_MS = 4000;
/** What is retained comes right after the subscription; so long a silence says that all is there. */
const SILENCE_MS = 300;

/**
 * The agents that are online on a broker, by their retained profiles, with the links as the master measured and
 * corrected them. Throws ISO_ERR_FLEET_EMPTY, and what connecting throws.
 */
export async function liveFleet(context: CliContext, flags: ClientFlags): Promise<LiveFleet> {
  const { cluster, broker } = await clientSettings(context, flags);
  const logger = quietLogger(context);
  const connection = await busOptions(broker);
  const bus = new MqttBus({ ...connection, connectTimeoutMs: CONNECT_TIMEOUT_MS, logger });
  const topics = new Topics(cluster);
  const fleet = new Fleet({ bus, topics, logger });
  context.lifetime.defer(() => bus.stop());
  await bus.start();
  try {
    let report: MeasuredFleet | undefined;
    const heard = quiet();
    await bus.subscribe(topics.fleet(), (topic, payload) => {
      heard.again();
      if (payload.length > 0) report = decodeJson(FLEET_REPORT, topic, payload, MAX_MESSAGE_BYTES).fleet;
    });
    const profiles = new Set<string>();
    await bus.subscribe(topics.everyAgentProfile(), (topic) => {
      heard.again();
      profiles.add(topic);
    });
    await fleet.start();
    await heard.silence;
    const { members } = fleet;
    if (members.length === 0) {
      throw IsobathError.of('ISO_ERR_FLEET_EMPTY', { cluster, url: bus.url, profiles: profiles.size });
    }
    const told = new Map(report?.agents.map((agent) => [agent.id, agent]));
    // the master's report has what service corrected
    const agents = members.map((member): MeasuredDevice => {
      const known = told.get(member.id);
      const device = deviceOf(member, known?.link);
      return known?.compute.measured ? { ...device, compute: known.compute } : device;
    });
    const assumed = [
      ...(report?.master.compute.measured ? [] : ['the master']),
      ...agents.filter(({ compute }) => !compute.measured).map(({ id }) => id),
      ...agents.filter(({ link }) => link?.toAgent.spread === undefined).map(({ id }) => `the link of ${id}`),
    ];
    const known = report ?? {
      master: { id: MASTER, compute: assumedCompute(1) },
      broker: { kind: 'embedded' as const },
      chunkBytes: CHUNK_BYTES,
    };
    return { fleet: { ...known, agents }, url: bus.url, assumed };
  } finally {
    await fleet.stop();
    await bus.stop();
  }
}

/** `silence` resolves when nothing was heard for a while. */
function quiet() {
  let timer: NodeJS.Timeout | undefined;
  let resolve: () => void = () => undefined;
  const silence = new Promise<void>((done) => {
    resolve = done;
  });
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(resolve, SILENCE_MS);
  };
  again();
  return { silence, again };
}
