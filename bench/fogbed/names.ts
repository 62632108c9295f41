/** Everything that a run makes on the machine carries this, and its process id, so that a later run can take it away. */
export const PREFIX = 'fogbed';

/** Of a run: `fogbed-4711`. */
export function runName(pid: number): string {
  return `${PREFIX}-${pid}`;
}

/** The run that a namespace, a control group or a folder belongs to; undefined where it is none of ours. */
export function runOf(name: string): number | undefined {
  const [, pid] = new RegExp(`^${PREFIX}-(\\d+)(?:-|$)`).exec(name) ?? [];
  return pid === undefined ? undefined : Number(pid);
}
