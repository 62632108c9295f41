#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { run } from './run.ts';

// `isobath models | head -1`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exit(await run(process.argv.slice(2), fileURLToPath(import.meta.url)));
