#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

// `isobath models | head -1`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await run(process.argv.slice(2), fileURLToPath(import.meta.url));
// a pipe takes 64 KiB at a time, and what it has not taken would be lost
await Promise.all([process.stdout, process.stderr].map(flushed));
process.exit(code);

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
