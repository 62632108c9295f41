import { type FleetModel, RESOURCE } from '../estimator/fleet-model.ts';

const SHARED: Readonly<Record<keyof typeof RESOURCE, string>> = {
  masterLoop: "master's event loop",
  masterEngine: "master's engine",
  masterOut: "master's card, out",
  masterIn: "master's card, in",
  masterUp: "master's link, up",
  masterDown: "master's link, down",
  brokerOut: "broker's card, out",
  brokerIn: "broker's card, in",
  medium: 'the air',
};

/** What people call each resource of the fleet model. */
export function resourceName(model: FleetModel, resource: number): string {
  for (const [key, number] of Object.entries(RESOURCE)) {
    if (number === resource) return SHARED[key as keyof typeof RESOURCE];
  }
  for (const { id, engine, loop, down, up } of model.agents) {
    if (resource === engine) return `engine of ${id}`;
    if (resource === loop) return `event loop of ${id}`;
    if (resource === down) return `link to ${id}`;
    if (resource === up) return `link from ${id}`;
  }
  for (const [id, host] of model.hosts) if (resource === host.resource) return `cores of host ${id}`;
  return `resource ${resource}`;
}
