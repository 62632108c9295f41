import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program and gives what it wrote. Throws with what it complained of. */
export async function shell(program: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, args, { maxBuffer: 16 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stderr?.trim() || message}`);
  }
}
