import type { Manifest } from '../formats/manifest.ts';
import type { Graph } from '../graph/graph.ts';
import type { PlanOptions } from '../planner/strategies.ts';
import type { GoldenCase } from '../repository/golden.ts';

/** A model that the master serves. */
export interface ServedModel extends PlanOptions {
  readonly name: string;
  readonly version?: string;
  /** With complete `types`. */
  readonly graph: Graph;
  readonly manifest?: Manifest;
  /** What each of its deployments must give before requests go to it. */
  readonly golden?: readonly GoldenCase[];
}
