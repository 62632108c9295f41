import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MeasuredCompute } from '../../src/estimator/measured.ts';
import { calibrateCall, PROGRAM } from './commands.ts';
import type { Device } from './device.ts';
import { type ScaledLinks, scaledCompute } from './scaled.ts';

/** The figures of this machine at full speed, as the product measures them on one device without a limit. */
export async function fullSpeed(device: Device): Promise<MeasuredCompute> {
  const { output } = device.run(PROGRAM, calibrateCall());
  const { compute } = JSON.parse(await output) as { readonly compute: MeasuredCompute };
  return compute;
}

/** Gives the device the figures of its share in place of those that it measured itself. To be called while none of its processes runs. */
export async function setFigures(device: Device, compute: MeasuredCompute, share: number): Promise<void> {
  const file = join(device.directory, 'calibration.json');
  const { key, profile } = JSON.parse(await readFile(file, 'utf8'));
  const { secondsPerMessage } = profile as MeasuredCompute;
  const own = { ...compute, ...(secondsPerMessage === undefined ? {} : { secondsPerMessage }) };
  await writeFile(file, JSON.stringify({ key, profile: scaledCompute(own, share) }));
}

/** Gives the master's device the links in place of those that it measured. To be called while none of its processes runs. */
export async function setLinks(master: Device, links: ScaledLinks): Promise<void> {
  await writeFile(join(master.directory, 'links.json'), JSON.stringify(links));
}
