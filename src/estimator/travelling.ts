import type { Leg, Priced } from '../partition/shard.ts';
import type { Work } from '../partition/work.ts';
import { type Precision, wireBytesOf } from '../tensor/precision.ts';
import { regionShape, regionSize } from '../tensor/region.ts';

/** A shard as its regions travel. */
export interface Travelling extends Priced {
  /** Of one whose halos travel as they are. */
  readonly legs?: readonly Leg[];
  /** Bytes of copying that the conversion of each input, and of each output, is worth at the master. */
  readonly inputConversion?: readonly number[];
  readonly outputConversion?: readonly number[];
}

/**
 * What a converted element costs, measured in one thread of an x86-64 processor (docs/performance.md). `traffic`: inside
 * an agent's engine, in bytes of an elementwise operator. `copying`: in the master's own thread, in bytes of copying; it
 * keeps float16 as it is and converts partial sums only.
 */
const CONVERSION = {
  float16: { traffic: { in: 6, out: 6 }, copying: { sent: 0, placed: 0, summed: 6 } },
  int8: { traffic: { in: 13, out: 13 }, copying: { sent: 15, placed: 6, summed: 6 } },
} as const;

/** The shard with the bytes of the wire's precision, and the work of converting to it and back. */
export function travelling(shard: Priced, wire: Precision): Travelling {
  if (wire === 'float32') return shard;
  const { traffic, copying } = CONVERSION[wire];
  const { inputs, outputs, inputTypes, outputTypes } = shard;
  const elements = (regions: Priced['inputs'], types: Priced['inputTypes']) =>
    regions.map(({ region }, at) => (types[at] === 'float32' ? regionSize(region) : 0));
  const sizes = (regions: Priced['inputs'], types: Priced['inputTypes']) =>
    regions.map(({ region }, at) => wireBytesOf({ dtype: types[at]!, shape: regionShape(region) }, wire));
  const [taken, given] = [elements(inputs, inputTypes), elements(outputs, outputTypes)];
  const conversions = [...taken.map((n) => n * traffic.in), ...given.map((n) => n * traffic.out)];
  const work = conversions
    .filter((bytes) => bytes > 0)
    .map((bytes): Work => ({ kind: 'elementwise', macs: 0, bytes, filterBytes: 0 }));
  const { macs, filterBytes } = shard;
  return {
    ...{ inputs, outputs, macs, filterBytes, inputTypes, outputTypes },
    inputBytes: sizes(inputs, inputTypes),
    outputBytes: sizes(outputs, outputTypes),
    work: [...shard.work, ...work],
    inputConversion: taken.map((n) => n * copying.sent),
    outputConversion: given.map(
      (n, at) => n * (outputs[at]!.join === 'sum' ? copying.summed : copying.placed),
    ),
  };
}
