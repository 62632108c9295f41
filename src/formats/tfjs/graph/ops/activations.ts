import { Tensor } from '../../../../tensor/tensor.ts';
import { float } from '../builder.ts';
import { type Operation, Untranslatable } from '../operation.ts';

/** Applies an activation to a tensor; `alpha` is the slope of LeakyRelu. */
export type Activation = (operation: Operation, x: string, alpha: number) => string;

export function clipped(operation: Operation, x: string, low: number, high: number): string {
  const bounds = [low, high].map((bound) => operation.constant('bound', Tensor.float32([], [bound])));
  return operation.add('Clip', [x, ...bounds]);
}

/** By TensorFlow's names. */
export const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['Relu', (operation, x) => operation.add('Relu', [x])],
  ['Relu6', (operation, x) => clipped(operation, x, 0, 6)],
  ['Elu', (operation, x) => operation.add('Elu', [x])],
  ['LeakyRelu', (operation, x, alpha) => operation.add('LeakyRelu', [x], { alpha: float(alpha) })],
  ['Selu', (operation, x) => operation.add('Selu', [x])],
  ['Sigmoid', (operation, x) => operation.add('Sigmoid', [x])],
  ['Tanh', (operation, x) => operation.add('Tanh', [x])],
  ['Softplus', (operation, x) => operation.add('Softplus', [x])],
  ['Softsign', (operation, x) => operation.add('Softsign', [x])],
]);

/** The activations that a fused operator ends with. `used` counts the arguments, behind the two factors, of what came before. */
export function fusedTail(
  operation: Operation,
  made: string,
  activations: readonly string[],
  used: number,
): string {
  let x = made;
  let at = 2 + used;
  for (const name of activations) {
    if (name === 'Prelu') {
      x = operation.add('PRelu', [x, operation.input(at)]);
      at += 1;
      continue;
    }
    const activation = ACTIVATIONS.get(name);
    if (!activation) throw new Untranslatable(`is fused with ${name}`);
    x = activation(operation, x, operation.attributes.number('leakyrelu_alpha', 0.2));
  }
  return x;
}
