import { DeviceCalibration } from '../../calibration/device.ts';
import type { MeasuredDevice } from '../../estimator/measured.ts';
import { costTable, gammaTable, linkTable, sharedText } from '../calibration-tables.ts';
import { type ClientFlags, clientOptions } from '../client-options.ts';
import { command } from '../command.ts';
import { type CliContext, quietLogger } from '../context.ts';
import { commandEngine, engineOption } from '../engine.ts';
import { positiveNumber, wholeNumber } from '../option-values.ts';
import { withClient } from '../with-client.ts';

interface CalibrateFlags extends ClientFlags {
  readonly local?: boolean;
  readonly engine?: string;
  readonly threads: number;
  readonly wake?: number;
  readonly together?: boolean;
}

/** `isobath calibrate`: measures devices and links, for the planner and to look at. */
export function calibrateCommand(context: CliContext) {
  const target = command({
    name: 'calibrate',
    summary: 'measure how fast devices and links are',
    description:
      'Has the master of a cluster measure everything again: every device, each link alone, and all links together. The ' +
      'master plans with the figures, keeps them, and publishes them. With --local, it measures this device only and ' +
      'needs no broker. Inferences go on meanwhile, and disturb the figures.',
    examples: [
      ['isobath calibrate', 'the cluster on mqtt://127.0.0.1:1883'],
      ['isobath calibrate --wake 5', 'lets each link sleep for 5 s, to see what waking its radio takes'],
      ['isobath calibrate --local --threads 1', 'one core of this machine'],
    ],
  });
  return clientOptions(target)
    .option('--local', 'measure this device only')
    .addOption(engineOption('with --local: what computes'))
    .option('--threads <count>', 'with --local: threads of one run; 0: one per core', wholeNumber(0, 1024), 0)
    .option('--wake <seconds>', 'let each link sleep so long, at most 60', positiveNumber)
    .option('--together', 'let agents of different machines measure at the same time')
    .action(async (options: CalibrateFlags) => {
      if (options.local) return calibrateHere(context, options);
      const { output } = context;
      output.progress('The master measures its cluster');
      const { wake, timeout, together } = options;
      const fleet = await withClient(context, options, (client) =>
        client.calibrate({
          ...(wake === undefined ? {} : { silenceMs: Math.min(60_000, Math.round(wake * 1000)) }),
          ...(together ? { together } : {}),
          ...(timeout === undefined ? {} : { timeoutMs: Number(timeout) }),
        }),
      );
      output.result({ fleet }, () => {
        const head = (line: string) => output.style('bold', line);
        const devices = [fleet.master, ...fleet.agents];
        const tables = [gammaTable(devices, head), costTable(devices, head), linkTable(fleet, head)];
        return [...tables, sharedText(fleet)].join('\n\n');
      });
    });
}

async function calibrateHere(context: CliContext, { engine: name, threads }: CalibrateFlags): Promise<void> {
  const { output, lifetime } = context;
  const own = threads > 0 ? { threads } : {};
  const engine = await commandEngine(name, own);
  lifetime.defer(() => engine.stop());
  output.progress('Measuring this device');
  const compute = await new DeviceCalibration({ engine, logger: quietLogger(context) }).measure();
  const device: MeasuredDevice = { id: 'this device', compute };
  const document = {
    engine: { name: engine.name, version: engine.version, threads: engine.threads },
    compute,
  };
  output.result(document, () => {
    const head = (line: string) => output.style('bold', line);
    return [
      `${engine.name} ${engine.version}, threads: ${engine.threads}`,
      gammaTable([device], head),
      costTable([device], head),
    ].join('\n\n');
  });
}
