import { readFile } from 'node:fs/promises';
import { IsobathError, reasonOf } from '../base/errors.ts';
import type { ConnectionSettings } from '../config/groups.ts';
import type { MqttBusOptions } from '../transport/mqtt-options.ts';

/** Settings of a connection as the bus takes them; the PEM files are read here. */
export async function busOptions(settings: ConnectionSettings): Promise<MqttBusOptions> {
  const { url, username, password, verify } = settings;
  const [ca, cert, key] = await Promise.all(
    (['ca', 'cert', 'key'] as const).map((part) => pem(`broker.${part}`, settings[part])),
  );
  return {
    url,
    rejectUnauthorized: verify,
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
  };
}

/** The PEM file that a setting names; undefined where it names none. Throws ISO_ERR_CONFIG_INVALID. */
export async function pem(setting: string, file: string): Promise<Buffer | undefined> {
  if (file === '') return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    const problems = `${setting}: the file ${file} cannot be read: ${reasonOf(error)}`;
    throw IsobathError.of('ISO_ERR_CONFIG_INVALID', { problems }, error);
  }
}
