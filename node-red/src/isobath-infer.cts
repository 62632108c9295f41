import { asCluster } from './cluster-node.cjs';
import { loadCore } from './core.cjs';
import { coded, forCatch } from './errors.cjs';
import { answerOf, RESULTS, type Result } from './infer-answer.cjs';
import { Lane, POLICIES } from './lane.cjs';
import { trouble } from './node-status.cjs';
import type { Config, Done, Message, Red, RedNode, Send } from './red.cjs';
import { oneOf, seconds, text, whole } from './settings.cjs';

interface Wanted {
  readonly model: string;
  readonly top: number;
  readonly timeoutMs: number;
  readonly result: Result;
}

function register(red: Red): void {
  function Infer(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const cluster = asCluster(red.nodes.getNode(config['cluster']));
    const model = text(config['model']);
    const separate = config['errors'] === 'output';
    const lane = new Lane({
      concurrency: whole(config['concurrency'], 1, 1, 64),
      limit: whole(config['limit'], 16, 0, 10_000),
      policy: oneOf(POLICIES, config['policy'], 'queue'),
      onChanged: () => showStatus(),
    });
    let last: { readonly ms: number; readonly degraded: boolean } | { readonly code: string } | undefined;
    let dropped = 0;
    let closed = false;

    const showStatus = () => {
      if (closed) return;
      const { running, waiting } = lane;
      const wrong = running === 0 ? trouble(red, cluster, model === '' ? undefined : model) : undefined;
      if (wrong) {
        // once it is mended, what failed because of it is not worth telling
        if (last && 'code' in last) last = undefined;
        this.status(wrong);
        return;
      }
      const key = running > 0 ? 'running' : last && 'code' in last ? 'failed' : 'ready';
      const parts = [red._(`isobath-infer.status.${key}`, { running })];
      if (waiting > 0) parts.push(red._('isobath-infer.status.waiting', { waiting }));
      if (last) parts.push('code' in last ? last.code : `${last.ms.toFixed(last.ms < 10 ? 1 : 0)} ms`);
      if (last && 'degraded' in last && last.degraded) parts.push(red._('isobath-infer.status.degraded'));
      if (dropped > 0) parts.push(red._('isobath-infer.status.dropped', { dropped }));
      const fill = key === 'running' ? 'blue' : key === 'failed' ? 'red' : 'green';
      this.status({ fill, shape: 'dot', text: parts.join(' · ') });
    };

    const wantedOf = (message: Message): Wanted => ({
      model: text(message['model'], model),
      top: whole(message['top'], whole(config['top'], 5, 1, 1000), 1, 1000),
      timeoutMs: 1000 * seconds(message['timeout'], seconds(config['timeout'], 30)),
      result: oneOf(RESULTS, message['result'], oneOf(RESULTS, config['result'], 'auto')),
    });

    const infer = async (message: Message) => {
      const core = await loadCore();
      const { model: name, top, timeoutMs, result } = wantedOf(message);
      if (!cluster || name === '') {
        const reason = red._(`isobath-infer.error.${cluster ? 'no-model' : 'no-cluster'}`);
        throw core.IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason });
      }
      const client = await cluster.session.client();
      const payload = await client.payload(name, message.payload);
      const listed = client.view.models.find((one) => one.model === name);
      const labels = result === 'labels' || (result === 'auto' && listed?.task === 'classification');
      const began = performance.now();
      const reply = await client.infer(name, payload, {
        top,
        timeoutMs,
        outputs: labels ? 'labels' : 'tensors',
      });
      return answerOf(reply, performance.now() - began, result);
    };

    const fail = (error: unknown, message: Message, send: Send, done: Done) => {
      last = { code: coded(error).code };
      if (!separate) return done(forCatch(error));
      send([null, { ...message, error: coded(error) }]);
      done();
    };

    const run = async (message: Message, send: Send, done: Done) => {
      try {
        const { payload, facts } = await infer(message);
        if (closed) return done();
        last = { ms: facts.roundTripMs, degraded: facts.degraded };
        const missed = lane.takeDropped();
        const isobath = missed > 0 ? { ...facts, dropped: missed } : facts;
        send({ ...message, payload, isobath });
        done();
      } catch (error) {
        if (closed) return done();
        fail(error, message, send, done);
      }
    };

    this.on('input', (message, send, done) => {
      lane.add({
        run: () => run(message, send, done),
        drop: () => {
          dropped += 1;
          done();
        },
        refuse: (queued) => {
          void loadCore().then(({ IsobathError }) => {
            fail(IsobathError.of('ISO_ERR_QUEUE_FULL', { queued }), message, send, done);
            showStatus();
          });
        },
      });
    });
    const unlisten = cluster?.session.onChanged(showStatus);
    this.on('close', (_removed, done) => {
      closed = true;
      lane.clear();
      unlisten?.();
      this.status({});
      done();
    });
    showStatus();
  }
  red.nodes.registerType('isobath-infer', Infer);
}

export = register;
