import { answerCalls } from './calls.ts';
import { Relay, type RelayOptions } from './relay.ts';

/** A relay on a device, before the broker; its processor is not the device's. */

let relay: Relay | undefined;

answerCalls({
  /** The port on the device's own loopback interface. */
  async listen(options: RelayOptions): Promise<number> {
    relay = new Relay(options);
    return relay.start();
  },
  async cut(): Promise<void> {
    relay?.cut();
  },
  async stall({ ms }: { readonly ms: number }): Promise<void> {
    relay?.stall(ms);
  },
});
