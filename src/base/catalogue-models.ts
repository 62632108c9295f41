/** The part of the catalogue that speaks of models, their manifests, versions and inputs. */
export const MODELS = {
  ISO_ERR_MODEL_NOT_FOUND: {
    message: 'There is no model {model}.',
    cure: '`isobath models` lists the bundled ones and the zoo; otherwise give the path of an .onnx file or a model.json.',
  },
  ISO_ERR_MODEL_MALFORMED: {
    message: 'The model {file} is not valid: {reason}.',
    cure: 'The file may be truncated or not a model: compare its size with the original and fetch or export it again.',
  },
  ISO_ERR_MODEL_UNSUPPORTED: {
    message: 'The model {file} uses what Isobath cannot read: {reason}.',
    cure: 'Replace what is named, or export the model again in another form: docs/models.md says how for each format.',
  },
  ISO_ERR_MODEL_TOO_LARGE: {
    message: '{what} needs {bytes} bytes, more than the limit of {limit}.',
    cure: 'If the model is genuine, raise the limit; otherwise the file is damaged or hostile.',
  },
  ISO_ERR_MODEL_DYNAMIC_SHAPE: {
    message: 'The input {input} has the open dimensions {dims}.',
    cure: 'Give every dimension the size that you want, in this order, as in `--shape {input}={example}`.',
  },
  ISO_ERR_EXTERNAL_DATA: {
    message: 'The filters {tensor} of {file} lie in {location}, which {reason}.',
    cure: 'Keep external-data files and shards, complete and unchanged, in the folder of the model that names them, or below it.',
  },
  ISO_ERR_SHAPE_INVALID: {
    message: 'Node {node} ({op}) cannot take inputs of these shapes: {reason}.',
    cure: 'The model is inconsistent: export it again and check it with an ONNX checker.',
  },
  ISO_ERR_SHAPE_UNKNOWN: {
    message: 'The shape of {tensor}, made by {op}, is not known.',
    cure: 'Run shape inference when you export the model, so that its value_info names the shape.',
  },
  ISO_ERR_MANIFEST_INVALID: {
    message: 'The model manifest {file} is not valid: {problems}',
    cure: 'docs/models.md describes the manifest.',
  },
  ISO_ERR_INPUT_NOT_FOUND: { message: 'There is no input file {file}.', cure: 'Check the path.' },
  ISO_ERR_INPUT_UNREADABLE: {
    message: 'The input {file} is not a picture, .npy, .npz or JSON that Isobath can read: {reason}.',
    cure: 'Give a JPEG, PNG, WebP, GIF or TIFF picture, a .npy or .npz file, or nested JSON arrays.',
  },
  ISO_ERR_INPUT_MISMATCH: {
    message: 'The input {input} has {got}, but the model wants {want}.',
    cure: 'Give a tensor of the shape that `isobath inspect` prints, or a picture.',
  },
  ISO_ERR_OUTPUT_MISMATCH: {
    message: 'The output {output} is {got}, but the manifest wants {want}.',
    cure: 'Correct `output` or `detection` in the manifest (docs/models.md); `isobath inspect` prints the outputs of the model.',
  },
  ISO_ERR_MANIFEST_NEEDED: {
    message: 'The model {model} has no manifest, so a picture cannot be turned into its input.',
    cure: 'Write {model}.manifest.json beside it (docs/models.md), or give a .npy tensor.',
  },
  ISO_ERR_REPOSITORY_UNREADABLE: {
    message: 'The directory of models {directory} cannot be read: {reason}.',
    cure: 'Correct `--models` or `repository.directory`; `isobath import` makes the directory and fills it.',
  },
  ISO_ERR_REPOSITORY_UNWRITABLE: {
    message: 'The model {model} cannot be stored in {directory}: {reason}.',
    cure: 'Check who may write there and how much space is left.',
  },
  ISO_ERR_REPOSITORY_ENTRY: {
    message: 'The entry {entry} of the directory of models {directory} is not served: {reason}.',
    cure: 'Models lie in NAME/VERSION/, with a whole number as version, as model.onnx or model.json; docs/models.md describes the directory.',
  },
  ISO_ERR_VERSION_EXISTS: {
    message: 'The model {model} has a version {version} already.',
    cure: 'Leave `--version` out, or give the next free number, {next}: a version is never changed.',
  },
  ISO_ERR_GOLDEN_MISMATCH: {
    message:
      'The model {model} does not give its golden outputs {at}: they differ by {difference} of the largest magnitude, more than {bound}.',
    cure: 'Import the version again with `--golden`, or with a larger `--tolerance` if the difference is harmless.',
  },
  ISO_ERR_VERSION_FAILED: {
    message:
      'Version {version} of the model {model} failed in service: {failures} requests in a row ended with {reason}',
    cure: 'The version before it serves again; correct the model and import it as a new version.',
  },
} as const;
