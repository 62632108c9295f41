import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { inputsFor } from '../src/cli/model-input.ts';
import { resolveModel } from '../src/cli/resolve-model.ts';
import { engineNamed } from '../src/engine/engines.ts';
import { topLabels } from '../src/formats/labels.ts';
import { writeOnnx } from '../src/formats/onnx/write.ts';
import { frameOf } from '../src/formats/pictures/image.ts';
import { Tensor } from '../src/tensor/tensor.ts';
import { machine } from './support/machine.ts';
import { median, type Spread, spreadOf } from './support/spread.ts';

/**
 * From the bytes of a JPEG to the classes: our way beside plain sharp and onnxruntime in the same process, with as many
 * threads, taking turns. Plain sharp decodes every pixel (it cuts out the whole picture first, which keeps the JPEG decoder
 * from reducing); `reduced` is its default, which lets the decoder reduce.
 * `npm run bench:picture -- --models street,zoo:squeezenet --sizes 640x480 --turns 21`
 */
const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'models/street/street.onnx,zoo:mobilenet-v2,zoo:squeezenet' },
    sizes: { type: 'string', default: '640x480,1280x720' },
    turns: { type: 'string', default: '21' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const threads = Number(values.threads);

type Side = (jpeg: Buffer) => Promise<number>;

interface Row {
  readonly model: string;
  readonly picture: string;
  readonly oursMs: Spread;
  readonly plainMs: Spread;
  readonly reducedMs: Spread;
  /** Medians over the turns. */
  readonly ratioToPlain: Spread;
  readonly ratioToReduced: Spread;
  /** Mean difference in levels at 112x112 to decoding first: 0 where all pixels were decoded. */
  readonly reduction: { readonly plain: number; readonly reduced: number };
}

async function jpegOf(width: number, height: number): Promise<Buffer> {
  const data = Buffer.from(
    Uint8Array.from({ length: width * height * 3 }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      return 128 + 60 * Math.sin(x / 9 + at) + 50 * Math.cos(y / 7 - x / 31) + ((x * y) % 13);
    }),
  );
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function plainPixels(jpeg: Buffer, width: number, height: number, whole: boolean): Promise<Buffer> {
  const picture = sharp(jpeg);
  const size = await picture.metadata();
  if (whole) picture.extract({ left: 0, top: 0, width: size.width, height: size.height });
  return picture.resize(width, height, { fit: 'cover', kernel: 'lanczos3' }).removeAlpha().raw().toBuffer();
}

/**
 * Mean difference in levels, of plain sharp and of its default, to pixels that were decoded first, without a resize that a
 * decoder could know of, and resized then: 0 shows that every pixel was decoded.
 */
async function reductionOf(jpeg: Buffer): Promise<{ plain: number; reduced: number }> {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: info.channels };
  const wanted = await sharp(data, { raw })
    .resize(112, 112, { fit: 'cover', kernel: 'lanczos3' })
    .raw()
    .toBuffer();
  const from = async (whole: boolean) => {
    const pixels = await plainPixels(jpeg, 112, 112, whole);
    return wanted.reduce((sum, level, at) => sum + Math.abs(level - pixels[at]!), 0) / wanted.length;
  };
  return { plain: await from(true), reduced: await from(false) };
}

async function sidesOf(model: string, directory: string): Promise<{ sides: Side[]; close(): Promise<void> }> {
  const engine = engineNamed('onnxruntime', { threads });
  await engine.start();
  const resolved = await resolveModel(model, { engine });
  const { graph, manifest } = resolved;
  const file = join(directory, 'model.onnx');
  await writeFile(file, writeOnnx(graph));
  const program = await engine.compile(graph);
  const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads,
    logSeverityLevel: 3,
  });
  const input = manifest!.input!;
  const { shape } = graph.types.get(input.name)!;
  const { width, height } = frameOf(shape, input)!;
  const best = (output: Tensor) =>
    topLabels(output, 5, manifest!.labels, manifest!.output?.activation)[0]!.index;
  const ours: Side = async (jpeg) => {
    const { inputs } = await inputsFor(resolved, jpeg);
    const given = graph.inputs.map((name) => inputs.get(name)!);
    return best((await program.run(given, { consume: true })).outputs[0]!);
  };
  const plain =
    (whole: boolean): Side =>
    async (jpeg) => {
      const pixels = await plainPixels(jpeg, width, height, whole);
      const data = new Float32Array(3 * width * height);
      for (let channel = 0; channel < 3; channel += 1) {
        const [mean, std] = [input.mean[channel]!, input.std[channel]!];
        for (let at = 0, read = channel; at < width * height; at += 1, read += 3)
          data[channel * width * height + at] = (pixels[read]! * input.scale - mean) / std;
      }
      const outputs = await session.run({ [input.name]: new ort.Tensor('float32', data, shape) });
      const { dims, data: result } = outputs[session.outputNames[0]!]!;
      return best(Tensor.of('float32', dims as number[], result as Float32Array));
    };
  return {
    sides: [ours, plain(true), plain(false)],
    close: async () => {
      await program.dispose();
      await engine.stop();
      await session.release();
    },
  };
}

async function measure(model: string, picture: string, sides: readonly Side[]): Promise<Row> {
  const [width, height] = picture.split('x').map(Number) as [number, number];
  const jpeg = await jpegOf(width, height);
  for (const side of sides) for (let run = 0; run < 3; run += 1) await side(jpeg);
  const times: number[][] = [];
  for (let turn = 0; turn < Number(values.turns); turn += 1) {
    const each: number[] = [];
    // the one who begins changes
    for (let step = 0; step < sides.length; step += 1) {
      const at = (turn + step) % sides.length;
      const runs: number[] = [];
      for (let run = 0; run < 3; run += 1) {
        const started = performance.now();
        await sides[at]!(jpeg);
        runs.push(performance.now() - started);
      }
      each[at] = median(runs);
    }
    times.push(each);
  }
  const of = (at: number) => spreadOf(times.map((each) => each[at]!));
  const ratio = (at: number) => spreadOf(times.map((each) => each[0]! / each[at]!));
  return {
    ...{ model, picture, oursMs: of(0), plainMs: of(1), reducedMs: of(2) },
    ...{ ratioToPlain: ratio(1), ratioToReduced: ratio(2) },
    reduction: await reductionOf(jpeg),
  };
}

const directory = await mkdtemp(join(tmpdir(), 'isobath-bench-'));
const rows: Row[] = [];
try {
  for (const model of values.models.split(',')) {
    const { sides, close } = await sidesOf(model, directory);
    for (const picture of values.sizes.split(',')) rows.push(await measure(model, picture, sides));
    await close();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
console.log(JSON.stringify({ node: process.version, machine: machine(), threads, rows }, null, 2));
