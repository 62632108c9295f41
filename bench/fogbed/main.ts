import { writeFile } from 'node:fs/promises';
import { CommanderError } from 'commander';
import { IsobathError } from '../../src/base/errors.ts';
import { usage } from '../../src/cli/context.ts';
import { Interrupted, Lifetime } from '../../src/cli/lifetime.ts';
import { BIT_RATE } from '../../src/estimator/quantities.ts';
import { measureCell } from './cell.ts';
import type { CpuHierarchy } from './cpu.ts';
import type { FogbedDocument } from './document.ts';
import { clean, leftovers } from './leftovers.ts';
import { fogModel } from './model.ts';
import { type FogbedFlags, fogbedCommand } from './options.ts';
import { fogbedPage } from './report.ts';
import { missing, requirements } from './requirements.ts';
import { fogbedText } from './text.ts';

/** With the seconds since the start. */
const progress = (text: string) =>
  process.stderr.write(
    `${Math.round(performance.now() / 1000)
      .toString()
      .padStart(4)} s  ${text}\n`,
  );
const AIR = /^wifi:/;

async function bench(flags: FogbedFlags, hierarchy: CpuHierarchy, lifetime: Lifetime): Promise<void> {
  const left = await leftovers(hierarchy);
  const count = left.namespaces.length + left.groups.length + left.folders.length;
  if (flags.clean) {
    await clean(left);
    progress(`${count} leftovers of killed runs were taken away.`);
    return;
  }
  if (count > 0) progress(`${count} leftovers of killed runs are there; --clean takes them away.`);
  if (!flags.model?.length) throw usage('No --model was given.', 'Name one, as --model zoo:vgg16.');
  const documents: FogbedDocument[] = [];
  for (const spec of flags.model) {
    progress(`Reading ${spec}`);
    const model = await fogModel(spec, (undo) => lifetime.defer(undo));
    for (const agents of flags.agents) {
      for (const link of flags.link) {
        const { cpu, strategies, wire: wires, runs, warmUp, inFlight, masterLink } = flags;
        const document = await measureCell({
          ...{ model, agents, cpu, strategies, wires, runs, warmUp, inFlight, hierarchy },
          link,
          rate: rateOf(link),
          shared: flags.medium === 'shared' || AIR.test(link),
          ...(masterLink === undefined ? {} : { masterLink: { text: masterLink, rate: rateOf(masterLink) } }),
          latencyMs: flags.latency,
          trouble: {
            ...(flags.stall === undefined ? {} : { stallMs: flags.stall }),
            ...(flags.cut ? { cut: true } : {}),
          },
          throughQuota: flags.calibrate === 'quota',
          patienceMs: 1000 * flags.patience,
          defer: (undo) => lifetime.defer(undo),
          onProgress: progress,
        });
        documents.push(document);
      }
    }
    await model.remove();
  }
  if (flags.html !== undefined) await writeFile(flags.html, fogbedPage(documents));
  const result = documents.length === 1 ? documents[0] : documents;
  const text = flags.json ? JSON.stringify(result, null, 2) : documents.map(fogbedText).join('\n');
  process.stdout.write(`${text}\n`);
}

function rateOf(link: string): number {
  return BIT_RATE.read(link.replace(AIR, ''))!;
}

/** What a caller may take for a reason to go on without the bench. */
const LACKS = 3;

async function check(): Promise<number> {
  const lacking = await missing();
  for (const { what, reason } of lacking) process.stdout.write(`${what}: ${reason}\n`);
  return lacking.length > 0 ? LACKS : 0;
}

async function main(): Promise<number> {
  const lifetime = new Lifetime();
  let code = 0;
  try {
    const flags = fogbedCommand().parse(process.argv).opts<FogbedFlags>();
    if (flags.check) return await check();
    // it makes a namespace and takes it away again: not to be interrupted
    const hierarchy = await requirements();
    await lifetime.interruptible(bench(flags, hierarchy, lifetime));
  } catch (error) {
    code = reported(error);
  }
  await lifetime.end();
  return code;
}

function reported(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0) process.stderr.write(`${error.message}\n`);
    return error.exitCode === 0 ? 0 : 2;
  }
  const { code, message, cure } = IsobathError.from(error);
  process.stderr.write(`${code}: ${message} ${cure}\n`);
  return code === 'ISO_ERR_USAGE' ? 2 : 1;
}

process.exit(await main());
