import type { ClusterNode } from './cluster-node.cjs';
import type { Red, Status } from './red.cjs';

/** What stands between a node and its model, as a status; undefined where nothing does. */
export function trouble(red: Red, cluster: ClusterNode | undefined, model?: string): Status | undefined {
  const say = (key: string) => red._(`isobath-cluster.status.${key}`);
  if (!cluster) return { fill: 'red', shape: 'ring', text: say('no-cluster') };
  const { link, view } = cluster.session;
  if (link === 'connecting') return { fill: 'yellow', shape: 'ring', text: say('connecting') };
  if (link === 'lost') return { fill: 'red', shape: 'ring', text: say('disconnected') };
  if (view.master === 'unknown') return { fill: 'yellow', shape: 'ring', text: say('looking') };
  if (view.master === 'offline') return { fill: 'red', shape: 'ring', text: say('no-master') };
  if (model === undefined) return undefined;
  const listed = view.models.find((one) => one.model === model);
  if (!listed) return { fill: 'red', shape: 'ring', text: say('not-served') };
  if (listed.state === 'deploying') return { fill: 'yellow', shape: 'ring', text: say('deploying') };
  if (listed.state === 'failed') return { fill: 'red', shape: 'ring', text: say('failed') };
  return undefined;
}
