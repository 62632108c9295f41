import type { Graph } from '../../graph/graph.ts';
import { sizeOf } from '../../tensor/region.ts';
import type { Tensor, TensorType } from '../../tensor/tensor.ts';
import type { RunResult } from '../engine.ts';
import { Unsupported } from './lowering/unsupported.ts';
import type { Session } from './session.ts';

/** An input with more elements is no list of axes, sizes or scales. */
const MOST = 64;

/** True where the values of some small inputs, which name shapes or axes, are all that is missing. */
export function isLate(error: unknown, program: Graph): boolean {
  return error instanceof Unsupported && error.late && parametersOf(program).length > 0;
}

function parametersOf({ inputs, types }: Graph): string[] {
  return inputs.filter((name, at) => isParameter(types.get(name), at));
}

function isParameter(type: TensorType | undefined, at: number): boolean {
  if (!type) return false;
  return type.dtype === 'int64' || (at > 0 && type.shape.length <= 1 && sizeOf(type.shape) <= MOST);
}

/** A program that is opened when it first runs, with the parameters that it then has, and anew when these change. */
export function lateProgram(
  program: Graph,
  open: (closed: Graph) => Promise<Session>,
): Pick<Session, 'run' | 'dispose'> {
  const parameters = new Set(parametersOf(program));
  let current: { readonly key: string; readonly session: Promise<Session> } | undefined;
  let disposed = false;
  const close = async () => {
    const session = current?.session;
    current = undefined;
    await session?.then((each) => each.dispose()).catch(() => undefined);
  };
  return {
    async run(inputs: readonly Tensor[], consume: boolean): Promise<RunResult> {
      if (disposed) throw new Error('the program was disposed of');
      const named = program.inputs.map((name, at) => [name, inputs[at]!] as const);
      const given = named.filter(([name]) => parameters.has(name));
      const key = given
        .map(([, { data }]) => Array.from(data as ArrayLike<number | bigint>).join())
        .join(';');
      if (current?.key !== key) {
        await close();
        const rest = program.inputs.filter((name) => !parameters.has(name));
        const initializers = new Map([...program.initializers, ...given]);
        current = { key, session: open({ ...program, inputs: rest, initializers }) };
      }
      const session = await current.session;
      return session.run(
        named.filter(([name]) => !parameters.has(name)).map(([, tensor]) => tensor),
        consume,
      );
    },
    async dispose(): Promise<void> {
      disposed = true;
      await close();
    },
  };
}
