import { expect, it } from '@jest/globals';
import { report, runCampaign, settings } from './support/campaign.ts';
import { ONNX_CORPUS } from './support/corpus.ts';
import { ONNX_MUTATORS } from './support/onnx-mutators.ts';

const given = settings(5);

it(
  'a mutated ONNX model is read, planned, cut and run, or refused with a code',
  async () => {
    const outcome = await runCampaign({ corpus: ONNX_CORPUS, mutators: ONNX_MUTATORS, ...given });
    process.stdout.write(report('ONNX', given, outcome));
    expect(outcome.failures).toEqual([]);
  },
  // the cases that are under way when the time is over end, too
  (given.seconds + 90) * 1000,
);
