import { asCluster } from './cluster-node.cjs';
import type { ClusterWatch } from './core.cjs';
import { brief, connectionEvent, type FleetMessage, follow, KINDS, type Kind } from './fleet-events.cjs';
import { trouble } from './node-status.cjs';
import type { Config, Red, RedNode } from './red.cjs';

function register(red: Red): void {
  function FleetNode(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const cluster = asCluster(red.nodes.getNode(config['cluster']));
    const wanted = new Set<Kind>(KINDS.filter((kind) => config[kind] !== false));
    let watch: ClusterWatch | undefined;
    let closed = false;
    let connection = '';

    const tell = ({ kind, message }: FleetMessage) => {
      if (!closed && wanted.has(kind)) this.send(message);
      showStatus();
    };

    const online = () => [...(watch?.agents ?? [])].filter(([, { status }]) => status.state === 'online');

    const showStatus = () => {
      if (closed) return;
      const agents = online().length;
      const text = red._('isobath-fleet.status.agents', { agents, count: agents });
      const fill = agents > 0 ? 'green' : 'yellow';
      this.status(trouble(red, cluster) ?? { fill, shape: 'dot', text });
    };

    /** Once the connection is there; its subscriptions then outlive every loss. */
    const begin = async () => {
      if (!cluster || watch || closed || cluster.session.link !== 'online') return;
      const client = await cluster.session.client();
      if (watch || closed) return;
      watch = client.watch();
      follow(watch, tell);
      await watch.start();
      if (closed) await watch.stop();
    };

    const onChanged = () => {
      begin().catch((error: unknown) => this.warn((error as Error).message));
      if (!cluster) return;
      const { link, view } = cluster.session;
      const now =
        link === 'online' ? (view.master === 'unknown' ? '' : `master-${view.master}`) : `broker-${link}`;
      if (now !== '' && now !== connection && now !== 'broker-connecting') {
        connection = now;
        tell(connectionEvent(now));
      }
      showStatus();
    };

    this.on('input', (message, send, done) => {
      const agents = [...(watch?.agents ?? [])].map(([agent, { status, profile }]) => {
        const { state, version, engine } = status;
        const facts = { agent, state, version, ...(engine ? { engine } : {}) };
        return profile ? { ...facts, profile: brief(profile) } : facts;
      });
      const { master, models = [] } = cluster?.session.view ?? {};
      send({
        ...message,
        topic: 'fleet',
        payload: { event: 'fleet', master: master ?? 'unknown', agents, models },
      });
      done();
    });
    const unlisten = cluster?.session.onChanged(onChanged);
    this.on('close', (_removed, done) => {
      closed = true;
      unlisten?.();
      this.status({});
      void Promise.resolve(watch?.stop()).then(
        () => done(),
        () => done(),
      );
    });
    onChanged();
    showStatus();
  }
  red.nodes.registerType('isobath-fleet', FleetNode);
}

export = register;
