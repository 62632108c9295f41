import type { Link } from './links.ts';
import { detour, limit, unlimited } from './links.ts';
import { runName } from './names.ts';
import { shell } from './shell.ts';

/** A device of the network: a namespace with one card. */
export interface NetworkDevice {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
}

export interface NetworkOptions {
  readonly pid: number;
  /** Of the devices; the first one is the master. */
  readonly devices: readonly string[];
}

/** Rates of the cables, in bits per second, while they are limited. */
export interface Rates {
  /** Of each device but the first. */
  readonly device: number;
  /** Of the first. */
  readonly master: number;
  /** True: all devices but the first share `device`, both ways together, as on the air. */
  readonly shared: boolean;
}

/** The air: a card that all that is shared is sent through. */
const AIR = 'air';

/**
 * Namespaces, each with one card, joined by a bridge in a namespace of its own:
 *
 *     fogbed-4711-master            fogbed-4711-hub                 fogbed-4711-agent-1
 *     eth0 ------------------------ p0-4711 - br-4711 - p1-4711 --------------------- eth0
 *      `-- tbf: what the device sends   `-- tbf: what it receives
 *
 * Nothing lies in the namespace of the machine itself, so none of its addresses, routes or rules is touched.
 */
export class Network {
  readonly #run: string;
  readonly #pid: number;
  readonly devices: readonly NetworkDevice[];
  readonly #made: string[] = [];
  #air = false;

  constructor({ pid, devices }: NetworkOptions) {
    this.#pid = pid;
    this.#run = runName(pid);
    this.devices = devices.map((name, at) => ({
      name,
      namespace: `${this.#run}-${name}`,
      // the first address is the bridge's own to give
      address: `10.77.${Math.floor((at + 2) / 250)}.${(at + 2) % 250}`,
    }));
  }

  get #hub(): string {
    return `${this.#run}-hub`;
  }

  device(name: string): NetworkDevice {
    const found = this.devices.find((device) => device.name === name);
    if (!found) throw new Error(`there is no device ${name}`);
    return found;
  }

  async start(): Promise<void> {
    await this.#namespace(this.#hub);
    const bridge = `br-${this.#pid}`;
    await shell('ip', '-n', this.#hub, 'link', 'add', bridge, 'type', 'bridge');
    await shell('ip', '-n', this.#hub, 'link', 'set', bridge, 'up');
    for (const [at, { namespace, address }] of this.devices.entries()) {
      await this.#namespace(namespace);
      const port = this.#port(at);
      const pair = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace];
      await shell('ip', '-n', this.#hub, 'link', 'add', port, ...pair);
      await shell('ip', '-n', this.#hub, 'link', 'set', port, 'master', bridge, 'up');
      await shell('ip', '-n', namespace, 'address', 'add', `${address}/16`, 'dev', 'eth0');
      await shell('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
    }
  }

  /** Takes away what `start` made; cards and queues go with their namespaces. */
  async stop(): Promise<void> {
    for (const namespace of this.#made.splice(0).reverse()) {
      await shell('ip', 'netns', 'delete', namespace).catch(() => undefined);
    }
  }

  /** Cables of these rates; undefined: as fast as the machine can. */
  async setRates(rates: Rates | undefined): Promise<void> {
    await this.#setAir(rates?.shared ? rates.device : undefined);
    for (const [at, { namespace }] of this.devices.entries()) {
      const ends: Link[] = [
        { namespace, card: 'eth0' },
        { namespace: this.#hub, card: this.#port(at) },
      ];
      const onAir = rates?.shared === true && at > 0;
      const rate = at === 0 ? rates?.master : rates?.device;
      for (const end of ends) await (rate === undefined || onAir ? unlimited(end) : limit(end, rate));
    }
  }

  /** Bytes that went over the cable of each device since its start, both ways, with the heads of all layers. */
  async bytes(): Promise<ReadonlyMap<string, number>> {
    const text = await shell('ip', '-n', this.#hub, '-json', '-statistics', 'link', 'show');
    const cards = JSON.parse(text) as {
      readonly ifname: string;
      readonly stats64?: { readonly rx: { readonly bytes: number }; readonly tx: { readonly bytes: number } };
    }[];
    return new Map(
      this.devices.map(({ name }, at) => {
        const stats = cards.find(({ ifname }) => ifname === this.#port(at))?.stats64;
        return [name, (stats?.rx.bytes ?? 0) + (stats?.tx.bytes ?? 0)];
      }),
    );
  }

  #port(at: number): string {
    return `p${at}-${this.#pid}`;
  }

  async #namespace(name: string): Promise<void> {
    await shell('ip', 'netns', 'add', name);
    this.#made.push(name);
    await shell('ip', '-n', name, 'link', 'set', 'lo', 'up');
  }

  async #setAir(rate: number | undefined): Promise<void> {
    const air = { namespace: this.#hub, card: AIR };
    if (rate === undefined) {
      if (this.#air) await unlimited(air);
      return;
    }
    if (!this.#air) {
      await shell('ip', '-n', this.#hub, 'link', 'add', AIR, 'type', 'ifb');
      await shell('ip', '-n', this.#hub, 'link', 'set', AIR, 'up');
      for (const at of this.devices.keys()) {
        if (at > 0) await detour({ namespace: this.#hub, card: this.#port(at) }, AIR);
      }
      this.#air = true;
    }
    await limit(air, rate);
  }
}
