import { expect, it } from '@jest/globals';
import { report, runCampaign, settings } from './support/campaign.ts';
import { JSON_MUTATORS } from './support/json-mutators.ts';
import { tfjsCorpus } from './support/tfjs-corpus.ts';

const given = settings(5);

it(
  'a mutated TFJS model is read, planned, cut and run, or refused with a code',
  async () => {
    const corpus = await tfjsCorpus();
    const outcome = await runCampaign({ corpus, mutators: JSON_MUTATORS, ...given });
    process.stdout.write(report('TFJS', given, outcome));
    expect(outcome.failures).toEqual([]);
  },
  // the cases that are under way when the time is over end, too
  (given.seconds + 90) * 1000,
);
