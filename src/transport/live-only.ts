import type { Logger } from '../base/logger.ts';
import type { MessageHandler } from './bus.ts';

/**
 * Leaves out what the broker had kept (retained): a request is made once, and a kept one would be carried out again at
 * each start of who answers it. The first one is told of, for each subscription.
 */
export function liveOnly(logger: Logger, handler: MessageHandler): MessageHandler {
  let isTold = false;
  return (topic, payload, info) => {
    if (!info.retain) return handler(topic, payload, info);
    if (isTold) return;
    isTold = true;
    logger.info(
      { topic },
      'A retained request is ignored, and further ones without a word. Publish requests with retain: false, and clear this one: an empty retained message on its topic.',
    );
  };
}
