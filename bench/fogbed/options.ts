import { Command, InvalidArgumentError, Option } from 'commander';
import { quiet } from '../../src/cli/command.ts';
import { positiveNumber, several, wholeNumber } from '../../src/cli/option-values.ts';
import { agentCounts, linkRates, strategyNames } from '../../src/cli/sweep-options.ts';
import { DURATION } from '../../src/estimator/quantities.ts';

import { PRECISIONS, type Precision } from '../../src/tensor/precision.ts';

export interface FogbedFlags {
  readonly model: readonly string[];
  readonly agents: readonly number[];
  readonly cpu: readonly number[];
  readonly link: readonly string[];
  readonly masterLink?: string;
  readonly medium: 'cables' | 'shared';
  readonly strategies: readonly string[];
  readonly wire: readonly Precision[];
  readonly runs: number;
  readonly warmUp: number;
  readonly patience: number;
  readonly inFlight: number;
  readonly latency: number;
  readonly stall?: number;
  readonly cut?: boolean;
  readonly calibrate: 'scaled' | 'quota';
  readonly html?: string;
  readonly check?: boolean;
  readonly clean?: boolean;
  readonly json?: boolean;
}

export function fogbedCommand(): Command {
  return quiet(new Command('bench:fogbed'))
    .description(
      'Emulates a fog on this machine: devices in network namespaces with a share of a processor and a limited cable ' +
        'each, on which the real broker, master and agents run. Measures inferences by every strategy, beside the ' +
        'whole model on one such device. Needs root.',
    )
    .option('--model <model>', 'zoo:NAME, bundled name or path; may be given several times', several)
    .option('--agents <counts>', 'as 4 or 2,4,8', agentCounts, [4])
    .option(
      '--cpu <shares>',
      'of one processor: the master, then the agents; the last one holds for the rest',
      cpuShares,
      [0.1],
    )
    .option(
      '--link <rates>',
      'of the cables, as 100mbit,1gbit; wifi:54mbit is an air that all share',
      linkRates,
      ['100mbit'],
    )
    .option('--master-link <rate>', 'of the cable of the master; default: as the others', masterRate)
    .addOption(
      new Option('--medium <medium>', 'shared: all links are one air')
        .choices(['cables', 'shared'])
        .default('cables'),
    )
    .option('--strategies <names>', 'between commas, or all', strategyNames, ['auto', 'local'])
    .option('--wire <precisions>', `of ${PRECISIONS.join(', ')}, between commas`, precisions, ['float32'])
    .option('--runs <count>', 'inferences that count, of each strategy', wholeNumber(1, 1000), 7)
    .option('--warm-up <count>', 'inferences before them', wholeNumber(0, 1000), 3)
    .option('--patience <seconds>', 'a strategy begins no further inference later', positiveNumber, 60)
    .option(
      '--in-flight <count>',
      'inferences under way at a time, for the frames per second',
      wholeNumber(1, 64),
      1,
    )
    .option('--latency <duration>', "added to each way of each agent's connection, as 5ms", milliseconds, 0)
    .option('--stall <duration>', 'nothing passes for so long, in the middle of the runs', milliseconds)
    .option('--cut', 'the first agent loses its connection in the middle of the runs')
    .addOption(
      new Option(
        '--calibrate <way>',
        'devices at full speed, then scaled by their share; or through the quota',
      )
        .choices(['scaled', 'quota'])
        .default('scaled'),
    )
    .option('--html <file>', 'write a report with plots')
    .option(
      '--check',
      'say what this machine lacks, a line for each, and end: with 3 where there is something',
    )
    .option('--clean', 'take away what killed runs left behind, and end')
    .option('--json', 'print JSON: one document, or a list for a sweep');
}

function cpuShares(text: string): number[] {
  const shares = text.split(',').map(Number);
  if (!shares.every((share) => share > 0 && share <= 1)) {
    throw new InvalidArgumentError(
      'It must be shares of one processor, above 0 and up to 1, as in 0.1 or 0.1,0.2.',
    );
  }
  return shares;
}

function milliseconds(text: string): number {
  const seconds = DURATION.read(text);
  if (seconds === undefined) throw new InvalidArgumentError(`It must be like ${DURATION.like}.`);
  return 1000 * seconds;
}

function masterRate(text: string): string {
  return linkRates(text)[0]!;
}

function precisions(text: string): Precision[] {
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !PRECISIONS.some((precision) => precision === name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(`${unknown} is none of ${PRECISIONS.join(', ')}.`);
  }
  return wanted as Precision[];
}
