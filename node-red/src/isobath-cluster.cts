import { asCluster, type ClusterNode } from './cluster-node.cjs';
import { loadCore } from './core.cjs';
import { modelsNow } from './model-list.cjs';
import type { Config, Red, RedNode } from './red.cjs';
import { Session, type SessionOptions } from './session.cjs';
import { seconds, text } from './settings.cjs';

interface TlsNode {
  addTLSOptions(options: Record<string, unknown>): unknown;
}

type Credentials = Readonly<Record<string, string | undefined>> | undefined;

/** What the editor has typed in, before or after it is deployed. */
function connectionOf(red: Red, config: Readonly<Record<string, unknown>>, credentials: Credentials) {
  const tls = red.nodes.getNode(config['tls']) as TlsNode | undefined;
  const secure: Record<string, unknown> = {};
  tls?.addTLSOptions(secure);
  const taken = ['ca', 'cert', 'key', 'passphrase', 'servername', 'rejectUnauthorized'].flatMap((key) =>
    secure[key] === undefined || secure[key] === '' ? [] : [[key, secure[key]] as const],
  );
  const username = text(credentials?.['username']);
  return {
    cluster: text(config['cluster'], 'default'),
    broker: {
      url: text(config['broker'], 'mqtt://127.0.0.1:1883'),
      keepaliveSeconds: seconds(config['keepalive'], 30),
      ...(username === '' ? {} : { username, password: credentials?.['password'] ?? '' }),
      ...Object.fromEntries(taken),
    },
  } satisfies SessionOptions;
}

function register(red: Red): void {
  function ClusterConfig(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const session = new Session({
      ...connectionOf(red, config, this.credentials),
      onConnected: (url) => this.log(red._('isobath-cluster.log.connected', { url })),
      onLost: (url) => this.warn(red._('isobath-cluster.log.lost', { url })),
      onRefused: (reason) => this.warn(reason),
    });
    Object.assign(this, { session });
    session.start();
    this.on('close', (_removed, done) => void session.stop().then(done, done));
  }
  red.nodes.registerType('isobath-cluster', ClusterConfig, {
    credentials: { username: { type: 'text' }, password: { type: 'password' } },
  });

  // For the editor: what a cluster serves, also one that is not deployed yet.
  red.httpAdmin.get(
    '/isobath/clusters/:id/models',
    red.auth.needsPermission('flows.read'),
    (request, response) => {
      const cluster = asCluster(red.nodes.getNode(request.params['id']));
      if (!cluster) response.status(404).json({ models: [], state: 'not-deployed' });
      else response.json({ models: cluster.session.view.models, state: stateOf(cluster) });
    },
  );
  red.httpAdmin.post('/isobath/models', red.auth.needsPermission('flows.write'), (request, response) => {
    const body = request.body as Readonly<Record<string, unknown>>;
    const known = (red.nodes.getNode(body['id']) as RedNode | undefined)?.credentials;
    const typed = (body['credentials'] ?? {}) as Credentials;
    const credentials = {
      username: typed?.['username'] ?? known?.['username'],
      password: typed?.['password'] ?? known?.['password'],
    };
    modelsNow(connectionOf(red, body, credentials)).then(
      (models) => response.json({ models, state: 'online' }),
      async (error: unknown) => {
        const { IsobathError } = await loadCore();
        response
          .status(502)
          .json({ models: [], state: 'unreachable', error: IsobathError.from(error).toJSON() });
      },
    );
  });
}

function stateOf({ session }: ClusterNode): string {
  return session.link === 'online' ? session.view.master : session.link;
}

export = register;
