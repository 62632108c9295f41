import { expect, it } from '@jest/globals';
import { report, runCampaign, settings } from './support/campaign.ts';
import { graphCorpus } from './support/graph-corpus.ts';
import { JSON_MUTATORS } from './support/json-mutators.ts';

const given = settings(5);

it(
  'a mutated TFJS graph model is read, planned, cut and run, or refused with a code',
  async () => {
    const outcome = await runCampaign({ corpus: graphCorpus(), mutators: JSON_MUTATORS, ...given });
    process.stdout.write(report('TFJS graph', given, outcome));
    expect(outcome.failures).toEqual([]);
  },
  // the cases that are under way when the time is over end, too
  (given.seconds + 90) * 1000,
);
