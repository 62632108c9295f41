import { Option } from 'commander';
import { PRECISIONS, type Precision } from '../tensor/precision.ts';

export interface WireFlags {
  readonly wire: Precision;
}

/** `--wire`, of commands that plan. */
export function wireOption(): Option {
  return new Option('--wire <precision>', 'how feature maps travel: float32, without loss, float16 or int8')
    .choices(PRECISIONS)
    .default('float32' satisfies Precision);
}
