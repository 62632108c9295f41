import { refuse, type Scheme } from '../scheme.ts';
import { wholeShard, wholeTensor } from '../whole.ts';

/**
 * The whole run on one worker, the one with the greatest capacity. It makes one inference no faster than that worker
 * is; but frames that go to different workers run at the same time.
 */
export const replica: Scheme = {
  name: 'replica',
  alone: true,
  unfit({ graph, nodes, outputs }) {
    if (outputs.length === 0) return 'nothing reads what it makes';
    const crossing = [...nodes.flatMap(({ inputs }) => inputs), ...outputs];
    const unknown = crossing.find((name) => name !== '' && !graph.types.has(name));
    return unknown && `the shape of ${unknown} is not known`;
  },
  cut(run, weights) {
    refuse(this.name, run, this.unfit(run));
    const { graph, nodes, outputs } = run;
    const worker = weights.indexOf(Math.max(...weights));
    const whole = outputs.map((tensor) => ({ tensor, to: wholeTensor(graph, tensor) }));
    return [{ worker, shard: wholeShard(graph, nodes, whole) }];
  },
};
