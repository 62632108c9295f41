import { asCluster } from './cluster-node.cjs';
import { type ClusterWatch, type ExplainedModel, loadCore, type PlanStage } from './core.cjs';
import { coded, forCatch } from './errors.cjs';
import { trouble } from './node-status.cjs';
import type { Config, Message, Red, RedNode } from './red.cjs';
import { seconds, text } from './settings.cjs';

function register(red: Red): void {
  function PlanNode(this: RedNode, config: Config): void {
    red.nodes.createNode(this, config);
    const cluster = asCluster(red.nodes.getNode(config['cluster']));
    const model = text(config['model']);
    const asTable = config['format'] === 'table';
    let watch: ClusterWatch | undefined;
    let closed = false;
    let shown: string | undefined;

    const showStatus = () => {
      if (closed) return;
      const usual = shown === undefined ? {} : ({ fill: 'green', shape: 'dot', text: shown } as const);
      this.status(trouble(red, cluster, model === '' ? undefined : model) ?? usual);
    };

    const explain = async (message: Message): Promise<Message> => {
      const name = text(message['model'], model);
      if (!cluster || name === '') {
        const reason = red._(`isobath-infer.error.${cluster ? 'no-model' : 'no-cluster'}`);
        throw (await loadCore()).IsobathError.of('ISO_ERR_REQUEST_INVALID', { reason });
      }
      const client = await cluster.session.client();
      const timeoutMs = 1000 * seconds(message['timeout'], seconds(config['timeout'], 30));
      const explained = await client.explain(name, timeoutMs);
      const { strategy, predictedMs, stages } = explained.plan;
      shown = red._('isobath-plan.status.plan', {
        strategy,
        stages: stages.length,
        ms: predictedMs.toFixed(1),
      });
      return { ...message, topic: name, payload: asTable ? table(explained) : explained };
    };

    this.on('input', (message, send, done) => {
      explain(message)
        .then((answer) => {
          if (!closed) send(answer);
          done();
        })
        .catch((error: unknown) => {
          shown = undefined;
          if (!closed) this.status({ fill: 'red', shape: 'dot', text: coded(error).code });
          done(forCatch(error));
        })
        .finally(() => shown !== undefined && showStatus());
    });

    /** With `onChange`: a message for each new plan. */
    const begin = async () => {
      if (config['onChange'] !== true || !cluster || watch || closed || cluster.session.link !== 'online')
        return;
      const client = await cluster.session.client();
      if (watch || closed) return;
      watch = client.watch();
      watch.on('master', (event) => {
        if (event.type !== 'plan-changed' || event.model !== model) return;
        explain({}).then(
          (answer) => {
            if (!closed) this.send(answer);
            showStatus();
          },
          (error: unknown) => this.error(forCatch(error)),
        );
      });
      await watch.start();
      if (closed) await watch.stop();
    };

    const onChanged = () => {
      begin().catch((error: unknown) => this.warn((error as Error).message));
      showStatus();
    };
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
  }
  red.nodes.registerType('isobath-plan', PlanNode);
}

/** One row a stage: what table widgets show. */
function table({ plan }: ExplainedModel) {
  return plan.stages.map((stage: PlanStage, at: number) => ({
    stage: at,
    name: stage.name,
    scheme: stage.scheme,
    agents: stage.agents.join(', '),
    predictedMs: stage.predictedMs,
    localMs: stage.localMs,
    speedup: stage.speedup,
    bytes: stage.bytes,
    reason: stage.reason,
  }));
}

export = register;
