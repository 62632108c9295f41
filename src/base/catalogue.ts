/**
 * Every error that Isobath shows to a user: a stable code, what happened, and what to do about it.
 * `{name}` marks a value that the thrower supplies. docs/errors.md documents each; a test keeps the two equal.
 */
export const CATALOGUE = {
  // configuration and command line
  ISO_ERR_CONFIG_INVALID: {
    message: 'The configuration is not valid: {problems}',
    cure: 'Correct the settings named above; config/ holds an annotated sample of each.',
  },
  ISO_ERR_CONFIG_UNREADABLE: {
    message: 'The configuration file {file} cannot be read: {reason}',
    cure: 'Check the path and that the file is YAML.',
  },
  ISO_ERR_USAGE: { message: '{problem}', cure: '{hint}' },

  // models, inputs and manifests
  ISO_ERR_MODEL_NOT_FOUND: {
    message: 'There is no model {model}.',
    cure: '`isobath models` lists the bundled ones and the zoo; otherwise give the path of an .onnx file.',
  },
  ISO_ERR_MODEL_MALFORMED: {
    message: 'The model {file} is not a valid ONNX file: {reason}.',
    cure: 'The file may be truncated or not a model: compare its size with the original and fetch or export it again.',
  },
  ISO_ERR_MODEL_UNSUPPORTED: {
    message: 'The model {file} uses what Isobath cannot read: {reason}.',
    cure: 'Export it again as a plain float ONNX model, opset 7 or newer.',
  },
  ISO_ERR_MODEL_TOO_LARGE: {
    message: '{what} needs {bytes} bytes, more than the limit of {limit}.',
    cure: 'If the model is genuine, raise the limit; otherwise the file is damaged or hostile.',
  },
  ISO_ERR_MODEL_DYNAMIC_SHAPE: {
    message: 'The input {input} has the open dimensions {dims}.',
    cure: 'Give them a size, as in `--shape {input}=1,3,224,224`.',
  },
  ISO_ERR_EXTERNAL_DATA: {
    message: 'The filters {tensor} of {file} lie in {location}, which {reason}.',
    cure: 'Keep external-data files in the folder of the model that names them.',
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
    message: 'The input {file} is not a picture, .npy or JSON that Isobath can read: {reason}.',
    cure: 'Give a JPEG, PNG, WebP, GIF or TIFF picture, a .npy file, or nested JSON arrays.',
  },
  ISO_ERR_INPUT_MISMATCH: {
    message: 'The input {input} has {got}, but the model wants {want}.',
    cure: 'Give a tensor of the shape that `isobath inspect` prints, or a picture.',
  },
  ISO_ERR_MANIFEST_NEEDED: {
    message: 'The model {model} has no manifest, so a picture cannot be turned into its input.',
    cure: 'Write {model}.manifest.json beside it (docs/models.md), or give a .npy tensor.',
  },

  // partition and planning
  ISO_ERR_SCHEME_UNKNOWN: { message: 'There is no scheme {scheme}.', cure: 'The schemes are: {known}.' },
  ISO_ERR_STRATEGY_UNKNOWN: {
    message: 'There is no strategy {strategy}.',
    cure: 'The strategies are: {known}.',
  },
  ISO_ERR_PLAN_MEMORY: {
    message:
      'The model does not fit: its filters take {needed}, the {workers} devices with a limit may hold {together} together, and {missing} find no place.',
    cure: 'Add agents, raise their limits, let the master hold filters, or choose a strategy that cuts filters apart: auto, depth or iop.',
  },
  ISO_ERR_SCHEME_UNFIT: {
    message: 'The scheme {scheme} does not fit node {node}: {reason}.',
    cure: 'Choose another scheme; `isobath inspect` shows which fit.',
  },
  ISO_ERR_FLEET_INVALID: {
    message: 'The fleet file {file} is not valid: {problems}',
    cure: 'Correct what is named above; docs/estimator.md describes fleet files, config/fleets/ holds examples.',
  },
  ISO_ERR_PROFILE_MISSING: {
    message: 'Nothing is known of how fast the worker {worker} is.',
    cure: 'Run `isobath calibrate`, or describe the worker in the fleet file.',
  },

  // engine
  ISO_ERR_ENGINE_UNAVAILABLE: {
    message: 'The engine {engine} does not load here: {reason}.',
    cure: 'Install its package for this platform, or choose another engine.',
  },
  ISO_ERR_ENGINE_COMPILE: {
    message: 'The engine {engine} cannot prepare {program}: {reason}.',
    cure: 'The model uses an operator or a shape that this engine does not support; the reason names it.',
  },
  ISO_ERR_ENGINE_RUN: {
    message: 'The engine {engine} failed while it ran {program}: {reason}.',
    cure: 'See the reason; a lack of memory is the usual one on small devices.',
  },
  ISO_ERR_ENGINE_CLOSED: {
    message: 'The engine {engine} was stopped before {program} ended.',
    cure: 'Nothing to do if you stopped the service; else see the log line before this one.',
  },

  // wire and transport
  ISO_ERR_WIRE_MALFORMED: {
    message: 'A message on {topic} cannot be decoded: {reason}.',
    cure: 'Something that is not Isobath, or another version of it, publishes on this topic: docs/protocol.md.',
  },
  ISO_ERR_WIRE_VERSION: {
    message: 'A message on {topic} has the protocol version {got}; this program speaks {want}.',
    cure: 'Update the older of the two parties.',
  },
  ISO_ERR_WIRE_TOO_LARGE: {
    message: 'A message on {topic} announces {bytes} bytes; the limit is {limit}.',
    cure: 'Raise `wire.maxTensorBytes` on the receiver if the model really needs it.',
  },
  ISO_ERR_TOPIC_INVALID: {
    message: 'The name {name} cannot be part of a topic.',
    cure: 'Use letters, digits, dot, dash and underscore, at most 128 of them.',
  },
  ISO_ERR_BROKER_UNREACHABLE: {
    message: 'The broker {url} cannot be reached: {reason}.',
    cure: 'Start it with `isobath broker`, or correct the broker URL.',
  },
  ISO_ERR_BROKER_REFUSED: {
    message: 'The broker {url} refused the connection: {reason}.',
    cure: 'Check the user name, the password and the access rules of the broker.',
  },
  ISO_ERR_BUS_CLOSED: {
    message: 'The connection to the broker is closed.',
    cure: 'Start the service again.',
  },
  ISO_ERR_BUS_OFFLINE: {
    message: 'The connection to the broker {url} is lost at the moment.',
    cure: 'It is restored without your doing as soon as the broker answers; check that it runs.',
  },
  ISO_ERR_SUBSCRIBE_REFUSED: {
    message: 'The broker refused the subscription {filter}: {reason}.',
    cure: 'Check the access rules of the broker for this user.',
  },
  ISO_ERR_BROKER_LISTEN: {
    message: 'The broker cannot listen on {address}: {reason}.',
    cure: 'Stop the program that holds the port, or choose another port.',
  },

  // agents and inference
  ISO_ERR_AGENT_BUSY: {
    message: 'The agent {agent} has {queued} shards waiting, its limit.',
    cure: 'Add agents, or send fewer requests at a time.',
  },
  ISO_ERR_BLOB_CORRUPT: {
    message: 'The program part {blob} does not have the content that its name promises.',
    cure: 'It is fetched again; if this repeats, check the disk of the agent and the memory of the master.',
  },
  ISO_ERR_BLOB_UNAVAILABLE: {
    message: 'The program part {blob} was not delivered: {reason}.',
    cure: 'Check that the master runs and that the broker lets this agent read blobs.',
  },
  ISO_ERR_CACHE_UNUSABLE: {
    message: 'The program cache {directory} cannot be used: {reason}.',
    cure: 'Give the agent a writable directory with enough space (`--state`, `state.directory`).',
  },
  ISO_ERR_DEPLOY_FAILED: {
    message: 'The model {model} could not be deployed on agent {agent}: {reason}.',
    cure: 'See the log of that agent.',
  },
  ISO_ERR_AGENT_DUPLICATE: {
    message: 'Another agent with the name {agent} joined the cluster.',
    cure: 'Give each agent a name of its own: `isobath agent --name NAME`.',
  },
  ISO_ERR_MASTER_BUSY: {
    message: 'The master has {queued} requests waiting, its limit.',
    cure: 'Send fewer requests at a time, or raise `request.queue`.',
  },
  ISO_ERR_LINK_UNMEASURED: {
    message: 'The link to the agent {agent} could not be measured: {reason}.',
    cure: 'Plans use assumed figures for it; when the link is better, run `isobath calibrate`.',
  },
  ISO_ERR_NO_AGENTS: {
    message: 'No agent joined the cluster {cluster} within {seconds} s.',
    cure: 'Start one with `isobath agent --broker URL`, and check that it uses the same cluster name.',
  },
  ISO_ERR_MASTER_UNREACHABLE: {
    message: 'No master of the cluster {cluster} answers on {url}.',
    cure: 'Start one with `isobath master`, or run without one: `isobath infer --local`.',
  },
  ISO_ERR_MODEL_NOT_SERVED: {
    message: 'The master does not serve the model {model}; it serves: {served}.',
    cure: 'Add it to `models` in the configuration of the master.',
  },
  ISO_ERR_PLAN_TOO_LARGE: {
    message: 'The explained plan of {model} has {bytes} bytes, more than the {limit} of one message.',
    cure: 'Explain it on the command line: `isobath plan`.',
  },
  ISO_ERR_QUEUE_FULL: {
    message: '{queued} messages wait already, which is the limit.',
    cure: 'Raise the limit or the concurrency, slow the source down, or choose a policy that drops messages.',
  },
  ISO_ERR_REQUEST_INVALID: {
    message: 'The request cannot be answered: {reason}.',
    cure: 'docs/protocol.md describes requests.',
  },
  ISO_ERR_REQUEST_TIMEOUT: {
    message: 'The request {request} was not answered within {seconds} s.',
    cure: 'Allow more time (`--timeout`, `request.timeoutMs`), or look at the log of the master.',
  },
  ISO_ERR_MASTER_STOPPED: {
    message: 'The master stopped before the request {request} ended.',
    cure: 'Send the request again when the master is back.',
  },
  ISO_ERR_VERIFY_FAILED: {
    message: 'The distributed result differs from the local one by {difference}, more than {tolerance}.',
    cure: 'Please report this with the output of `isobath inspect`.',
  },
  ISO_ERR_CHILD_FAILED: {
    message: 'The {role} process ended with code {code}: {reason}',
    cure: 'The reason is the last that it wrote.',
  },
  ISO_ERR_INTERNAL: {
    message: 'Something went wrong inside Isobath: {reason}.',
    cure: 'Please report it with the log.',
  },
} as const satisfies Record<string, { message: string; cure: string }>;

export type ErrorCode = keyof typeof CATALOGUE;
