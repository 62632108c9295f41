import { availableParallelism, cpus } from 'node:os';

/** What figures of a benchmark are worth nothing without. */
export function machine(): { readonly cpu: string; readonly cores: number; readonly platform: string } {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown';
  return { cpu, cores: availableParallelism(), platform: `${process.platform} ${process.arch}` };
}
