import type { RedNode } from './red.cjs';
import type { Session } from './session.cjs';

/** The configuration node, as the others see it. */
export interface ClusterNode extends RedNode {
  readonly session: Session;
}

export function asCluster(node: unknown): ClusterNode | undefined {
  return node && typeof node === 'object' && 'session' in node ? (node as ClusterNode) : undefined;
}
