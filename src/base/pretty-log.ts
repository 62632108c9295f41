import pinoPretty from 'pino-pretty';

/** A pino destination that writes one readable line per entry to standard error. */
export function pretty(): pinoPretty.PrettyStream {
  return pinoPretty({
    destination: 2,
    sync: true,
    colorize: process.stderr.isTTY === true && !process.env['NO_COLOR'],
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
}
