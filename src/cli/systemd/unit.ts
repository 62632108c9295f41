import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { agentSchema } from '../../config/agent.ts';
import { brokerSchema } from '../../config/broker.ts';
import { masterSchema } from '../../config/master.ts';

export const SERVICES = ['agent', 'master', 'broker'] as const;
export type ServiceKind = (typeof SERVICES)[number];

export const SCHEMAS: Readonly<Record<ServiceKind, object>> = {
  agent: agentSchema,
  master: masterSchema,
  broker: brokerSchema,
};

/** This package's folder, seen from src/cli/systemd and from dist/cli/systemd alike. */
const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));

/** The unit file as the package holds it. */
export const unitSource = (file: string) => join(PACKAGE, 'systemd', file);
/** The annotated configuration as the package holds it. */
export const sampleSource = (kind: ServiceKind) => join(PACKAGE, 'config', `${kind}.yaml`);

/** One service of this machine, and where its files lie. Paths are those of the machine that it is to run on. */
export interface Unit {
  readonly kind: ServiceKind;
  /** The file, a template for agents: isobath-agent@.service. */
  readonly file: string;
  /** What systemctl takes: isobath-agent@gateway-7.service. */
  readonly id: string;
  readonly config: string;
  /** Settings of this service alone, as environment variables. */
  readonly environment: string;
  /** Where its password for the broker lies; undefined for the broker itself. */
  readonly password: string | undefined;
  readonly state: string | undefined;
}

/** `name` is that of an agent. */
export function unitOf(kind: ServiceKind, name: string): Unit {
  const instance = kind === 'agent' ? `agent-${name}` : kind;
  return {
    kind,
    file: kind === 'agent' ? 'isobath-agent@.service' : `isobath-${kind}.service`,
    id: kind === 'agent' ? `isobath-agent@${name}.service` : `isobath-${kind}.service`,
    config: `/etc/isobath/${kind}.yaml`,
    environment: `/etc/isobath/${instance}.env`,
    password: kind === 'broker' ? undefined : `/etc/isobath/credentials/${kind}.password`,
    state: kind === 'broker' ? undefined : `/var/lib/private/isobath/${instance}`,
  };
}

/** Every credential that the unit names must exist, or systemd refuses to start it; an empty one counts as none. */
export const CREDENTIALS: Readonly<Record<ServiceKind, readonly string[]>> = {
  agent: ['/etc/isobath/credentials/agent.password'],
  master: ['/etc/isobath/credentials/master.password', '/etc/isobath/credentials/users.yaml'],
  broker: ['/etc/isobath/credentials/users.yaml'],
};
