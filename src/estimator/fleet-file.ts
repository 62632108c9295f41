import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { IsobathError, reasonOf } from '../base/errors.ts';
import { Fields } from './fields.ts';
import { type Device, type Devices, readDevices } from './fleet-devices.ts';
import { readBeta, readLink, readPort } from './fleet-links.ts';
import type { BrokerProfile, DeviceProfile, FleetProfile } from './profile.ts';
import { SIZE } from './quantities.ts';

export const DEFAULT_CHUNK_BYTES = 512 * 1024;
/** The id of the master's own device; agents cannot bear it. */
export const MASTER_ID = 'master';

const SHIPPED = new URL('../../config/fleets/devices.yaml', import.meta.url);

/** Devices that come with Isobath; a fleet file names them, or describes its own. */
export async function shippedDevices(): Promise<Devices> {
  const text = await readFile(SHIPPED, 'utf8');
  return parseFile(text, 'config/fleets/devices.yaml', (fields) => readDevices(fields));
}

/** Reads a fleet file. Throws one ISO_ERR_FLEET_INVALID with every mistake, or ISO_ERR_CONFIG_UNREADABLE. */
export async function loadFleet(file: string): Promise<FleetProfile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'there is no such file' : reasonOf(error);
    throw IsobathError.of('ISO_ERR_CONFIG_UNREADABLE', { file, reason }, error);
  }
  return parseFleet(text, file, await shippedDevices());
}

/** `file` names the source in errors; `known` are devices that the text may name without describing them. */
export function parseFleet(text: string, file: string, known: Devices = new Map()): FleetProfile {
  return parseFile(text, file, (fields) => readFleet(fields, known));
}

function parseFile<T>(text: string, file: string, read: (fields: Fields) => T): T {
  const problems: string[] = [];
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw IsobathError.of('ISO_ERR_FLEET_INVALID', { file, problems: reasonOf(error) }, error);
  }
  const result = read(new Fields(value, '', problems));
  if (problems.length === 0) return result;
  const list = problems.length === 1 ? problems[0]! : problems.map((problem) => `\n- ${problem}`).join('');
  throw IsobathError.of('ISO_ERR_FLEET_INVALID', { file, problems: list });
}

function readFleet(fields: Fields, known: Devices): FleetProfile {
  const own = fields.get('devices') === undefined ? new Map() : readDevices(fields.child('devices'));
  const devices = new Map<string, Device>([...known, ...own]);
  fields.text('about');
  const masterFields = fields.child('master');
  const master = { id: MASTER_ID, ...deviceOf(masterFields, devices) };
  masterFields.end();
  const agents = fields.children('agents').flatMap((agent) => readAgents(agent, devices));
  if (agents.length === 0) fields.problem('agents', 'is missing; it must list one agent at least');
  agents.forEach(({ id }, at) => {
    const taken = id === MASTER_ID || agents.findIndex((agent) => agent.id === id) < at;
    if (taken) fields.problem('agents', `has the id ${id} twice, or the master's`);
  });
  const broker = readBroker(fields);
  const chunkBytes = fields.quantity('chunk', SIZE) ?? DEFAULT_CHUNK_BYTES;
  if (chunkBytes < 1024) fields.problem('chunk', 'must be 1KiB at least');
  const fleet: FleetProfile = {
    master,
    agents,
    broker,
    chunkBytes,
    ...(fields.get('masterPort') === undefined ? {} : { masterPort: readPort(fields, 'masterPort') }),
    ...(fields.get('sharedMedium') === undefined
      ? {}
      : { sharedMedium: { beta: readBeta(fields, 'sharedMedium') } }),
  };
  fields.end();
  return fleet;
}

/** One entry may stand for several agents, `count` of them: `<id>-1`, `<id>-2` ... */
function readAgents(fields: Fields, devices: Devices): DeviceProfile[] {
  const device = deviceOf(fields, devices);
  const link = readLink(fields, 'link');
  const id = fields.text('id');
  if (id !== undefined && !/^[A-Za-z0-9._-]{1,120}$/.test(id))
    fields.problem('id', 'must be letters, digits, dots, dashes and underscores');
  const count = fields.number('count', 1, 1024, 'a number from 1 to 1024');
  const name = id ?? fields.text('device') ?? 'agent';
  fields.end();
  if (count === undefined) return [{ id: name, ...device, link }];
  return Array.from({ length: Math.floor(count) }, (_, at) => ({ id: `${name}-${at + 1}`, ...device, link }));
}

/** The device that `device` names, with the entry's own limit of filters where it has one. */
function deviceOf(fields: Fields, devices: Devices): Device {
  const name = fields.text('device');
  const device = devices.get(name ?? '');
  const known = [...devices.keys()].join(', ');
  if (!device) fields.problem('device', `is ${name ?? 'missing'}; known are: ${known}`);
  const filterBytesLimit = fields.quantity('filters', SIZE);
  const nothing: Device = {
    compute: { secondsPerMac: { conv: [] }, secondsPerByte: 0, secondsPerRun: 0, copySecondsPerByte: 0 },
  };
  return { ...(device ?? nothing), ...(filterBytesLimit === undefined ? {} : { filterBytesLimit }) };
}

/** `embedded` (the default), or { link, port } of one elsewhere. */
function readBroker(fields: Fields): BrokerProfile {
  const value = fields.get('broker');
  if (value === undefined || value === 'embedded') return { kind: 'embedded' };
  const parts = fields.child('broker');
  const broker: BrokerProfile = {
    kind: 'external',
    masterLink: readLink(parts, 'link'),
    ...(parts.get('port') === undefined ? {} : { port: readPort(parts, 'port') }),
  };
  parts.end();
  return broker;
}
