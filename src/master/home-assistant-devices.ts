import { crc32 } from 'node:zlib';
import { PROGRAM_VERSION } from '../base/version.ts';
import { MODEL_STATES } from '../wire/messages/status.ts';
import type { Topics } from '../wire/topics.ts';
import type { ServedModel } from './served-model.ts';

/** A discovery message of Home Assistant's MQTT integration, in its form for whole devices. */
export interface DiscoveredDevice {
  readonly device: Readonly<Record<string, unknown>>;
  readonly origin: { readonly name: string; readonly sw_version: string };
  readonly availability_topic: string;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly [option: string]: unknown;
}

export const ORIGIN = 'Isobath';

const origin = { name: ORIGIN, sw_version: PROGRAM_VERSION };
const maker = { manufacturer: ORIGIN, sw_version: PROGRAM_VERSION };

/** Home Assistant's ids take letters, digits, dashes and underscores; a name with a dot gets a mark of its own. */
export function objectId(...names: readonly string[]): string {
  const name = names.join('/');
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, '_');
  const suffix = names.some((part) => part.includes('.')) ? `_${crc32(name).toString(16)}` : '';
  return `isobath_${plain}${suffix}`;
}

/** The fleet as a device: how many agents there are and who they are. */
export function fleetDevice(topics: Topics): DiscoveredDevice {
  const id = objectId(topics.cluster);
  const list = { state_topic: topics.agentList() };
  return {
    device: { identifiers: [id], name: `Isobath ${topics.cluster}`, model: 'Cluster', ...maker },
    origin,
    ...availability(topics),
    components: {
      agents: {
        platform: 'sensor',
        unique_id: `${id}_agents`,
        name: 'Agents',
        icon: 'mdi:server-network',
        state_class: 'measurement',
        entity_category: 'diagnostic',
        ...list,
        value_template: '{{ value_json.agents | count }}',
        json_attributes_topic: topics.agentList(),
        json_attributes_template: '{{ {"agents": value_json.agents} | tojson }}',
      },
      models: {
        platform: 'sensor',
        unique_id: `${id}_models`,
        name: 'Models ready',
        icon: 'mdi:layers-triple',
        state_class: 'measurement',
        entity_category: 'diagnostic',
        state_topic: topics.modelList(),
        value_template: "{{ value_json.models | selectattr('state', 'eq', 'serving') | list | count }}",
      },
    },
  };
}

/** A model as a device that belongs to the fleet's. */
export function modelDevice(topics: Topics, { name, manifest }: ServedModel): DiscoveredDevice {
  const id = objectId(topics.cluster, name);
  const sensor = (key: string, label: string, options: Readonly<Record<string, unknown>>) => ({
    platform: 'sensor',
    unique_id: `${id}_${key}`,
    name: label,
    ...options,
  });
  const count = (key: string, label: string, icon: string) =>
    sensor(key, label, {
      icon,
      state_class: 'total_increasing',
      entity_category: 'diagnostic',
      value_template: `{{ value_json.${key} }}`,
    });
  const classifier = manifest?.task === 'classification';
  return {
    device: {
      identifiers: [id],
      name: `Isobath ${name}`,
      model: 'CNN',
      model_id: name,
      via_device: objectId(topics.cluster),
      ...maker,
    },
    origin,
    ...availability(topics),
    state_topic: topics.modelState(name),
    components: {
      state: sensor('state', 'State', {
        icon: 'mdi:state-machine',
        device_class: 'enum',
        options: MODEL_STATES,
        value_template: '{{ value_json.state }}',
      }),
      duration: sensor('duration', 'Last inference', {
        device_class: 'duration',
        unit_of_measurement: 'ms',
        state_class: 'measurement',
        suggested_display_precision: 1,
        value_template: last('totalMs'),
      }),
      ...(classifier
        ? {
            result: sensor('result', 'Last result', {
              icon: 'mdi:image-search',
              value_template: last('label'),
              json_attributes_topic: topics.modelState(name),
              json_attributes_template: '{{ value_json.last | default({}, true) | tojson }}',
            }),
          }
        : {}),
      degraded: {
        platform: 'binary_sensor',
        unique_id: `${id}_degraded`,
        name: 'Degraded',
        device_class: 'problem',
        entity_category: 'diagnostic',
        value_template:
          "{{ 'ON' if (value_json.last | default({}, true)).degraded | default(false) else 'OFF' }}",
      },
      answered: count('answered', 'Inferences', 'mdi:counter'),
      failed: count('failed', 'Failed inferences', 'mdi:alert-circle-outline'),
    },
  };
}

/** `None` is what Home Assistant shows as unknown. */
function last(field: string): string {
  return `{{ (value_json.last | default({}, true)).${field} | default(None) }}`;
}

function availability(topics: Topics) {
  return {
    availability_topic: topics.masterStatus(),
    availability_template: '{{ value_json.state }}',
    payload_available: 'online',
    payload_not_available: 'offline',
  };
}
