import { CRASHES } from './catalogue-crashes.ts';
import { MODELS } from './catalogue-models.ts';

/**
 * Every error that Isobath shows to a user: a stable code, what happened, and what to do about it.
 * `{name}` marks a value that the thrower supplies. docs/errors.md documents each; a test keeps the two equal.
 */
export const CATALOGUE = {
  ...CRASHES,
  ...MODELS,

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

  // services of the operating system
  ISO_ERR_SERVICE_MANAGER: {
    message: 'systemd does not run this machine, so there is nothing to install a service into.',
    cure: 'Let what starts programs here start `isobath agent`; for the card of another machine give its folder with `--root`.',
  },
  ISO_ERR_SERVICE_PRIVILEGE: {
    message: 'Services are installed by root: {path} may not be read or written by this user.',
    cure: 'Call it with sudo. `--dry-run` shows what it would do.',
  },
  ISO_ERR_SERVICE_PROGRAM: {
    message: 'The service could not read its program {path}: the folder {folder} is closed to other users.',
    cure: 'Install Isobath where every user may read it: the Debian package, or `sudo npm install --global`.',
  },
  ISO_ERR_SERVICE_COMMAND: {
    message: '`{command}` failed: {reason}',
    cure: 'See the reason; `isobath service logs` shows what a service wrote before it ended.',
  },

  // partition and planning
  ISO_ERR_SCHEME_UNKNOWN: { message: 'There is no scheme {scheme}.', cure: 'The schemes are: {known}.' },
  ISO_ERR_SCHEME_WIRE: {
    message: 'The scheme {scheme} exchanges halos as float32, and the wire is {wire}.',
    cure: 'Use the wire float32, or another scheme.',
  },
  ISO_ERR_STRATEGY_UNKNOWN: {
    message: 'There is no strategy {strategy}.',
    cure: 'The strategies are: {known}.',
  },
  ISO_ERR_PLAN_MEMORY: {
    message:
      'The model does not fit: its filters take {needed}, the {workers} devices with a limit may hold {together} together, and {missing} find no place.',
    cure: 'Add agents, raise their limits, let the master hold filters, or choose a strategy that cuts filters apart: auto, depth or iop.',
  },
  ISO_ERR_PLAN_OPERATOR: {
    message:
      'Nobody can run {op} of node {node}: neither the engine of the master nor that of one of {agents} agents.',
    cure: 'Let the master or an agent use onnxruntime, or export the model without this operator; docs/engines.md lists what each engine cannot do.',
  },
  ISO_ERR_SCHEME_UNFIT: {
    message: 'The scheme {scheme} does not fit node {node}: {reason}.',
    cure: 'Choose another scheme; `isobath inspect` shows which fit.',
  },
  ISO_ERR_FLEET_INVALID: {
    message: 'The fleet file {file} is not valid: {problems}',
    cure: 'Correct what is named above; docs/estimator.md describes fleet files, config/fleets/ holds examples.',
  },
  ISO_ERR_FLEET_EMPTY: {
    message:
      'No agent of the cluster {cluster} is online on {url}; profiles of earlier ones there: {profiles}.',
    cure: 'Start agents with `isobath agent --broker URL`, or name the right --cluster; to plan for devices that are not there, describe them: --fleet FILE.',
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
  ISO_ERR_MESSAGE_TOO_LARGE: {
    message: 'The message on {topic} has {bytes} bytes; the broker takes {limit}, and has dropped it.',
    cure: 'Send a smaller picture (JPEG, or scaled to the size of the input), send the input in parts as `isobath infer` does (docs/protocol.md), or raise `limits.maxPacketBytes` of the broker.',
  },
  ISO_ERR_WIRE_OVERFLOW: {
    message:
      'The output {output} holds infinities or no numbers, after feature maps that travelled as {wire}.',
    cure: 'A value went beyond what {wire} holds (65504 for float16): serve the model with `wire: float32`. If it gives such values there, too, they are its own.',
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
  ISO_ERR_HALO_MISSING: {
    message: 'Shard {shard} of stage {stage} cannot go on without the rows of shard {from}: {reason}.',
    cure: 'Nothing to do: the master runs the shard itself. If this repeats, see the log of the agent that runs shard {from}.',
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
    message: 'Another agent with the name {agent} serves the cluster, from the machine {machine}.',
    cure: 'Give each agent a name of its own: `isobath agent --name NAME`.',
  },
  ISO_ERR_AGENT_UNRESPONSIVE: {
    message: 'The agent {agent} did not answer a shard within {ms} ms.',
    cure: 'See its log and its load. It gets no work for a while, longer after each failure, and is tried before requests depend on it.',
  },
  ISO_ERR_MASTER_DUPLICATE: {
    message: 'Another master serves the cluster {cluster}, from the machine {machine}.',
    cure: 'Stop that one first, or give this one a cluster of its own: `isobath master --cluster NAME`.',
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
  ISO_ERR_MODEL_NOT_READY: {
    message: 'The model {model} cannot be asked yet: {reason}',
    cure: '`isobath models --broker URL` shows the state of each model; the log of the master says more.',
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
    message: 'The distributed result differs from the local one by {difference}, more than {bound}.',
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
