import { createLogger } from '../../src/base/create-logger.ts';
import { IsobathError } from '../../src/base/errors.ts';
import { IsobathClient } from '../../src/client/client.ts';
import type { ClusterWatch } from '../../src/client/cluster-watch.ts';
import { differenceOf } from '../../src/tensor/difference.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { MqttBus } from '../../src/transport/mqtt-bus.ts';
import { answerCalls } from './calls.ts';
import { type PlainTensors, revived } from './plain-tensors.ts';
import type { SeenInference, SeenPlan } from './seen.ts';

/** Asks the master as any client does. It lives beside the master, but its processor is not the master's. */

/** The slowest plans take a minute for one inference. */
const TIMEOUT_MS = 600_000;

let client: IsobathClient | undefined;
let watch: ClusterWatch | undefined;
let inputs: ReadonlyMap<string, Tensor> = new Map();
let wanted: ReadonlyMap<string, Tensor> = new Map();

answerCalls({
  async expect(given: { readonly inputs: PlainTensors; readonly outputs: PlainTensors }): Promise<void> {
    inputs = revived(given.inputs);
    wanted = revived(given.outputs);
  },

  /** Connects to a master and waits until all `agents` are there. */
  connect: (given: { readonly url: string; readonly cluster: string; readonly agents: readonly string[] }) =>
    coded(() => connect(given)),

  disconnect: () => coded(disconnect),

  calibrate: () => coded(() => client!.calibrate({ together: true, timeoutMs: TIMEOUT_MS })),

  /** Waits until the model serves. Rejects with why it does not. */
  serving: ({ model }: { readonly model: string }) => coded(() => serving(client!, model)),

  plan: ({ model }: { readonly model: string }) =>
    coded(async (): Promise<SeenPlan> => {
      const { deployment, localMs, plan } = await client!.explain(model, TIMEOUT_MS);
      const { strategy, predictedMs, bytes, stages } = plan;
      const told = stages.map(({ name, scheme, agents, masterComputes, predictedMs: stageMs }) => ({
        ...{ name, scheme, agents: agents.length, masterComputes, predictedMs: stageMs },
      }));
      return { deployment, strategy, localMs, predictedMs, bytes, stages: told };
    }),

  infer: ({ model }: { readonly model: string }) => coded(() => infer(model)),

  /** Milliseconds of `count` inferences of which so many are under way at a time. */
  stream: ({ model, count, inFlight }: StreamRequest) =>
    coded(async () => {
      let left = count;
      const started = performance.now();
      const lane = async () => {
        while (left-- > 0) await client!.infer(model, { tensors: inputs }, { timeoutMs: TIMEOUT_MS });
      };
      await Promise.all(Array.from({ length: inFlight }, lane));
      return performance.now() - started;
    }),
});

interface StreamRequest {
  readonly model: string;
  readonly count: number;
  readonly inFlight: number;
}

/** The code of an error does not survive the way to the other process by itself. */
async function coded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = IsobathError.from(error);
    throw new Error(`${code}: ${message}`);
  }
}

async function connect({
  url,
  cluster,
  agents,
}: {
  readonly url: string;
  readonly cluster: string;
  readonly agents: readonly string[];
}): Promise<void> {
  await disconnect();
  const bus = new MqttBus({ url, logger: createLogger({ level: 'silent' }) });
  client = new IsobathClient({ bus, cluster, url, timeoutMs: TIMEOUT_MS });
  await client.start();
  watch = client.watch();
  await watch.start();
  const there = () =>
    agents.every((name) => {
      const { status, profile } = watch?.agents.get(name) ?? {};
      return status?.state === 'online' && profile !== undefined;
    });
  if (there()) return;
  await new Promise<void>((resolve) => {
    const look = () => there() && resolve();
    watch!.on('agent', look);
    watch!.on('profile', look);
  });
}

async function disconnect(): Promise<void> {
  await watch?.stop();
  await client?.stop();
  watch = undefined;
  client = undefined;
}

async function serving(asked: IsobathClient, model: string): Promise<void> {
  let unlisten: () => void = () => undefined;
  await new Promise<void>((resolve, reject) => {
    const look = async () => {
      if (!asked.view.models.some((listed) => listed.model === model)) return;
      const info = (await asked.models()).find((each) => each.model === model);
      if (info?.state === 'serving') resolve();
      else if (info?.error) reject(IsobathError.revive(info.error));
    };
    unlisten = asked.onChanged(() => void look().catch(reject));
    look().catch(reject);
  }).finally(() => unlisten());
}

async function infer(model: string): Promise<SeenInference> {
  const started = performance.now();
  const { outputs, summary } = await client!.infer(model, { tensors: inputs }, { timeoutMs: TIMEOUT_MS });
  const latencyMs = performance.now() - started;
  const { totalMs, stages, degraded } = summary;
  const { maxRelativeDifference } = differenceOf(outputs, wanted);
  return { latencyMs, masterMs: totalMs, stages, degraded, difference: maxRelativeDifference };
}
