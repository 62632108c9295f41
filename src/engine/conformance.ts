import assert from 'node:assert/strict';
import { Tensor } from '../tensor/tensor.ts';
import { DTYPE_CASES } from './conformance-dtypes.ts';
import {
  addition,
  type Case,
  float32,
  integers,
  negation,
  nodeOf,
  product,
  programOf,
  rejectsWith,
  valuesOf,
  withEngine,
} from './conformance-support.ts';
import type { Engine } from './engine.ts';

export interface ConformanceCase {
  readonly name: string;
  run(): Promise<void>;
}

/**
 * What every engine must do, as named cases for any test framework: `for (const { name, run } of engineConformance(make))`.
 * `makeEngine` gives an engine that is not started. A case rejects when the engine does not conform.
 */
export function engineConformance(makeEngine: () => Engine): ConformanceCase[] {
  return CASES.map(({ name, run }) => ({
    name,
    run: () => withEngine(makeEngine, (engine) => run(engine, makeEngine)),
  }));
}

const CASES: readonly Case[] = [
  {
    name: 'tells its name, version and threads',
    async run(engine) {
      assert.ok(engine.name.length > 0 && engine.version.length > 0);
      assert.ok(Number.isInteger(engine.threads) && engine.threads >= 1);
    },
  },
  {
    name: 'compiles once and runs many times',
    async run(engine) {
      const program = await engine.compile(negation(2, 3));
      for (let seed = 1; seed <= 5; seed += 1) {
        const input = integers([2, 3], seed);
        const { outputs, computeMs } = await program.run([input]);
        assert.equal(String(outputs[0]!.shape), '2,3');
        assert.deepEqual(
          valuesOf(outputs[0]).map(Number),
          valuesOf(input).map((value) => -Number(value)),
        );
        assert.ok(computeMs >= 0);
      }
      await program.dispose();
    },
  },
  {
    name: 'holds several programs, runs them at once, and mixes nothing up',
    async run(engine) {
      const programs = await Promise.all([1, 2, 3, 4].map((constant) => engine.compile(addition(constant))));
      const runs = Array.from({ length: 24 }, async (_, at) => {
        const { outputs } = await programs[at % 4]!.run([Tensor.float32([4], [at, 0, 0, 0])]);
        assert.equal(valuesOf(outputs[0])[0], at + 1 + (at % 4));
      });
      await Promise.all(runs);
      await programs[0]!.dispose();
      const { outputs } = await programs[1]!.run([Tensor.float32([4], [0, 1, 2, 3])]);
      assert.deepEqual(valuesOf(outputs[0]), [2, 3, 4, 5]);
    },
  },
  {
    name: 'takes inputs and gives outputs in the order of the program',
    async run(engine) {
      const [one, two] = [float32(1), float32(2)];
      const graph = programOf('order', {
        inputs: { b: two, a: one },
        nodes: [nodeOf('Neg', ['a'], 'a-'), nodeOf('Neg', ['b'], 'b-'), nodeOf('Add', ['a', 'b'], 'sum')],
        outputs: ['sum', 'a-', 'b-'],
        types: { 'a-': one, 'b-': two, sum: two },
      });
      const program = await engine.compile(graph);
      const { outputs } = await program.run([Tensor.float32([2], [10, 20]), Tensor.float32([1], [1])]);
      assert.deepEqual(Array.from(outputs, valuesOf), [[11, 21], [-1], [-10, -20]]);
    },
  },
  ...DTYPE_CASES,
  {
    name: 'leaves inputs as they are, so that they can be used again',
    async run(engine) {
      const program = await engine.compile(negation(3));
      const input = Tensor.float32([3], [1, 2, 3]);
      const [first, second] = await Promise.all([program.run([input]), program.run([input])]);
      assert.deepEqual(valuesOf(input), [1, 2, 3]);
      assert.deepEqual(valuesOf(first.outputs[0]), [-1, -2, -3]);
      assert.deepEqual(valuesOf(second.outputs[0]), [-1, -2, -3]);
      assert.notEqual(first.outputs[0]!.data.buffer, second.outputs[0]!.data.buffer);
    },
  },
  {
    name: 'gives outputs that are the caller’s to keep and to change',
    async run(engine) {
      const program = await engine.compile(addition(0));
      const first = await program.run([Tensor.float32([4], [1, 2, 3, 4])]);
      (first.outputs[0]!.data as Float32Array).fill(9);
      const second = await program.run([Tensor.float32([4], [5, 6, 7, 8])]);
      assert.deepEqual(valuesOf(first.outputs[0]), [9, 9, 9, 9]);
      assert.deepEqual(valuesOf(second.outputs[0]), [5, 6, 7, 8]);
    },
  },
  {
    name: 'takes a view on a larger buffer, and takes no neighbour of it away',
    async run(engine) {
      const program = await engine.compile(negation(3));
      const buffer = Float32Array.of(9, 1, 2, 3, 9);
      for (const consume of [false, true]) {
        const { outputs } = await program.run([Tensor.of('float32', [3], buffer.subarray(1, 4))], {
          consume,
        });
        assert.deepEqual(valuesOf(outputs[0]), [-1, -2, -3]);
        assert.deepEqual([...buffer], [9, 1, 2, 3, 9]);
      }
    },
  },
  {
    name: 'runs right on inputs that it may consume, on one that is given twice, too',
    async run(engine) {
      const type = float32(2);
      const graph = programOf('sum', {
        inputs: { a: type, b: type },
        nodes: [nodeOf('Add', ['a', 'b'], 'y')],
        outputs: ['y'],
        types: { y: type },
      });
      const program = await engine.compile(graph);
      const input = Tensor.float32([2], [3, 4]);
      const { outputs } = await program.run([input, input], { consume: true });
      assert.deepEqual(valuesOf(outputs[0]), [6, 8]);
    },
  },
  {
    name: 'takes and gives tensors without elements',
    async run(engine) {
      const program = await engine.compile(negation(0, 3));
      const { outputs } = await program.run([Tensor.zeros('float32', [0, 3])], { consume: true });
      assert.deepEqual([String(outputs[0]!.shape), outputs[0]!.data.length], ['0,3', 0]);
    },
  },
  {
    name: 'refuses inputs of another shape, type or number, and goes on',
    async run(engine) {
      const program = await engine.compile(negation(2, 3));
      const wrong = [[integers([3, 2])], [integers([6])], [Tensor.zeros('int32', [2, 3])], []];
      for (const inputs of wrong) await rejectsWith('ISO_ERR_ENGINE_RUN', program.run(inputs));
      const { outputs } = await program.run([integers([2, 3])]);
      assert.equal(outputs[0]!.size, 6);
    },
  },
  {
    name: 'names the operator that it does not support',
    async run(engine) {
      const type = float32(1);
      const graph = programOf('strange', {
        inputs: { x: type },
        nodes: [nodeOf('NoSuchOperator', ['x'], 'y')],
        outputs: ['y'],
        types: { y: type },
      });
      await rejectsWith('ISO_ERR_ENGINE_COMPILE', engine.compile(graph), 'NoSuchOperator');
      assert.equal((await (await engine.compile(negation(1))).run([integers([1])])).outputs.length, 1);
    },
  },
  {
    name: 'leaves the event loop free while it runs',
    async run(engine) {
      const extent = 512;
      const filters = integers([extent, extent]);
      const layers = Array.from({ length: 12 }, (_, at) => nodeOf('MatMul', [`t${at}`, 'w'], `t${at + 1}`));
      const type = float32(extent, extent);
      const graph = programOf('long', {
        inputs: { t0: type },
        nodes: layers,
        outputs: ['t12'],
        constants: { w: filters },
        types: { t12: type },
      });
      const program = await engine.compile(graph);
      let ticks = 0;
      let running = true;
      const run = program.run([integers([extent, extent])]).finally(() => {
        running = false;
      });
      while (running) {
        await new Promise((resolve) => setImmediate(resolve));
        if (running) ticks += 1;
      }
      await run;
      assert.ok(ticks > 1, `the event loop turned ${ticks} times during the run`);
    },
  },
  {
    name: 'disposes of a program once, and says so to who runs it then',
    async run(engine) {
      const program = await engine.compile(negation(1));
      await program.dispose();
      await program.dispose();
      await rejectsWith('ISO_ERR_ENGINE_RUN', program.run([integers([1])]));
    },
  },
  {
    name: 'gives the memory of large filters back',
    async run(engine) {
      const filterBytes = 1536 * 1536 * 4;
      const round = async () => {
        const program = await engine.compile(product(1536));
        const { outputs } = await program.run([integers([1, 1536])]);
        assert.equal(outputs[0]!.size, 1536);
        await program.dispose();
      };
      for (let warm = 0; warm < 4; warm += 1) await round();
      const before = process.memoryUsage.rss();
      const rounds = 40;
      for (let at = 0; at < rounds; at += 1) await round();
      const grown = process.memoryUsage.rss() - before;
      // what is kept by mistake is kept at least once per round; garbage may linger for some of them
      assert.ok(grown < (rounds * filterBytes) / 2, `it holds ${grown} bytes more after ${rounds} programs`);
    },
  },
  {
    name: 'does not change or take the filters of the graph',
    async run(engine) {
      const graph = product(64);
      const first = await engine.compile(graph);
      const second = await engine.compile(graph);
      await first.dispose();
      const ones = Tensor.float32([1, 64], new Float32Array(64).fill(1));
      const { outputs } = await second.run([ones]);
      assert.equal(valuesOf(outputs[0])[63], 64);
      assert.equal(graph.initializers.get('w')!.data.length, 4096);
    },
  },
  {
    name: 'works beside another engine, which may stop',
    async run(engine, makeEngine) {
      const program = await engine.compile(addition(1));
      await withEngine(makeEngine, async (other) => {
        const neighbour = await other.compile(addition(2));
        const input = Tensor.float32([4], [0, 0, 0, 0]);
        const [one, two] = await Promise.all([program.run([input]), neighbour.run([input])]);
        assert.deepEqual([valuesOf(one.outputs[0])[0], valuesOf(two.outputs[0])[0]], [1, 2]);
      });
      const { outputs } = await program.run([Tensor.float32([4], [5, 5, 5, 5])]);
      assert.equal(valuesOf(outputs[0])[0], 6);
    },
  },
  {
    name: 'ends what runs when it stops, refuses more, and can start again',
    async run(engine) {
      const program = await engine.compile(negation(2));
      const open = [program.run([integers([2])]), engine.compile(product(256))].map((promise) =>
        promise.then(
          () => undefined,
          (error: { code?: string }) => assert.equal(error.code, 'ISO_ERR_ENGINE_CLOSED'),
        ),
      );
      await Promise.all([engine.stop(), engine.stop(), ...open]);
      await rejectsWith('ISO_ERR_ENGINE_CLOSED', program.run([integers([2])]));
      await rejectsWith('ISO_ERR_ENGINE_CLOSED', engine.compile(negation(2)));
      await program.dispose();
      await engine.start();
      await engine.start();
      const again = await engine.compile(negation(2));
      assert.equal((await again.run([integers([2])])).outputs.length, 1);
    },
  },
];
