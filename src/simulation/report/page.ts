import type { SweepDocument } from './document.ts';
import { modelSection } from './sections.ts';
import { STYLE } from './style.ts';
import { escaped } from './svg.ts';
import { figure } from './texts.ts';

/** The report as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. */
export function reportPage(document: SweepDocument): string {
  const { models, fleet } = document;
  const names = models.map(({ model }) => model);
  const anchors = models.map((_, at) => `model-${at + 1}`);
  const title = `${names.join(', ')} on ${fleet}: a simulation`;
  const links = names.map((name, at) => `<a href="#${anchors[at]}">${escaped(name)}</a>`);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    `<p class="soft">${escaped(about(document))}</p>`,
    links.length > 1 ? `<nav>${links.join('')}</nav>` : '',
    ...models.map((model, at) => modelSection(document, model, anchors[at]!)),
    '<p class="soft">Made by <code>isobath simulate</code>. Figures of devices are typical ones, not measured here: config/fleets/devices.yaml names the source of each. docs/simulation.md explains what is simulated and what is not.</p>',
    '</body></html>\n',
  ].join('\n');
}

function about({ fleet, objective, wire = 'float32', simulation }: SweepDocument): string {
  const { inferences = 1, rate, inFlight, stragglers, load = 0, loss = 0, seed = 1 } = simulation;
  const requests =
    inferences === 1
      ? 'One inference at a time'
      : `${inferences} inferences, ${rate === undefined ? 'all asked for at once' : `${figure(rate)} per second`}`;
  const trouble = [
    inFlight === undefined ? '' : `at most ${inFlight} at a time`,
    stragglers
      ? `${figure(100 * stragglers.share)} % of the runs ${figure(stragglers.factor)} times as slow`
      : '',
    load > 0 ? `${figure(100 * load)} % of the agents' processors taken` : '',
    loss > 0 ? `${figure(100 * loss)} % of the messages lost` : '',
    stragglers || loss > 0 ? `seed ${seed}` : '',
  ].filter((part) => part !== '');
  const over = wire === 'float32' ? '' : `, feature maps travel as ${wire}`;
  const plan = `planned for ${objective}${over}`;
  return `${[requests, plan, ...trouble].join(', ')}. Master and agents: ${fleet}. A link is the rate of each agent's cable and of the master's; wifi is an air that all share.`;
}
