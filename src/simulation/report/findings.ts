import type { SweptModel, SweptRun } from '../sweep.ts';
import type { SweepDocument } from './document.ts';
import { htmlTable } from './html-table.ts';
import { figure, megabytes, times, timeText } from './texts.ts';

/** A strategy has stopped to scale where it has this share of all that more agents bring. */
const ENOUGH = 0.95;
/** Less is no gain. */
const PAYS = 1.005;

/** The short answer for each link: how much faster, by how many agents, what stands in the way, and what else is good. */
export function findings(
  { links, strategies }: SweepDocument,
  { runs }: SweptModel,
  strategy: string,
): string {
  const rows = links.map((link) => {
    const here = runs.filter((run) => run.link === link && run.outcome);
    const best = bestOf(here.filter((run) => run.strategy === strategy));
    if (!best?.outcome) return [link, 'too large', '', '', '', '', ''];
    const { speedup, simulatedMs, bytes, busiest } = best.outcome;
    const enough = here.find(
      (run) => run.strategy === strategy && run.outcome!.speedup - 1 >= ENOUGH * (speedup - 1),
    )!;
    const other = bestOf(here.filter((run) => ![strategy, 'local'].includes(run.strategy)));
    const rival =
      other && other.outcome!.speedup > PAYS
        ? `${other.strategy} ${times(other.outcome!.speedup)} (n = ${other.agents})`
        : 'none pays';
    const limit = `${busiest.resource}, ${Math.round(100 * busiest.utilization)} % busy`;
    return [
      ...[link, times(speedup), String(best.agents), speedup > PAYS ? String(enough.agents) : 'never pays'],
      ...[timeText(simulatedMs), megabytes(bytes), limit, rival],
    ];
  });
  const head = ['Link', 'Best', 'at n', '95 % of the gain at n', 'Latency', 'Moved', 'Busiest then'];
  return htmlTable(
    strategies.length > 2 ? [...head, 'Best other'] : head,
    rows.map((row) => row.slice(0, strategies.length > 2 ? 8 : 7)),
  );
}

function bestOf(runs: readonly SweptRun[]): SweptRun | undefined {
  return runs.reduce<SweptRun | undefined>(
    (best, run) => (!best || run.outcome!.speedup > best.outcome!.speedup * (1 + 1e-9) ? run : best),
    undefined,
  );
}

/** Runs behind the plots over n. */
export function runTable(runs: readonly SweptRun[], many: boolean): string {
  const requests = many ? ['p90', 'p99', 'per second', 'at most', 'degraded'] : [];
  const head = ['Strategy', 'Link', 'n', 'Speedup', 'Latency', 'Stage by stage', ...requests];
  const rows = runs.map(({ strategy, link, agents, outcome, error }) => {
    const of = [strategy, link, String(agents)];
    if (!outcome) return [...of, error?.code ?? ''];
    const { speedup, simulatedMs, predictedMs, latencyMs, throughput, throughputBound, degraded } = outcome;
    const under = [
      timeText(latencyMs.p90),
      timeText(latencyMs.p99),
      figure(throughput),
      figure(throughputBound),
      String(degraded),
    ];
    return [
      ...of,
      times(speedup),
      timeText(simulatedMs),
      timeText(predictedMs),
      ...(many ? under : []),
      megabytes(outcome.bytes),
      String(outcome.messages),
      String(outcome.distributedStages),
    ];
  });
  return htmlTable([...head, 'Moved', 'Messages', 'Distributed stages'], rows);
}
