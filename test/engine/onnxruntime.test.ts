import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { engineConformance } from '../../src/engine/conformance.ts';
import { onnxConformance } from '../../src/engine/conformance-onnx.ts';
import { OnnxruntimeEngine } from '../../src/engine/onnxruntime/engine.ts';
import { dataPath, describeWithData } from '../support/data.ts';

describe('the engine onnxruntime', () => {
  for (const { name, run } of engineConformance(() => new OnnxruntimeEngine({ threads: 1 }))) it(name, run);
});

describeWithData('the engine onnxruntime on the single-operator cases of ONNX', () => {
  const engine = new OnnxruntimeEngine({ threads: 1 });
  beforeAll(() => engine.start());
  afterAll(() => engine.stop());

  for (const { name, run } of onnxConformance(engine, dataPath('onnx-node'))) it(name, run);
});
