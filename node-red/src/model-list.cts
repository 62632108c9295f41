import { type ListedModel, loadCore } from './core.cjs';
import type { SessionOptions } from './session.cjs';

/** The models of a cluster that no deployed node is connected to: connects, asks, and leaves. Throws as `IsobathClient` does. */
export async function modelsNow({ broker, cluster }: SessionOptions): Promise<readonly ListedModel[]> {
  const { IsobathClient, MqttBus, withoutPassword } = await loadCore();
  const bus = new MqttBus({ ...broker, connectTimeoutMs: 5000 });
  const client = new IsobathClient({ bus, cluster, url: withoutPassword(broker.url) });
  try {
    await client.start();
    await client.models();
    return client.view.models;
  } finally {
    await client.stop();
  }
}
