import type { Shape } from '../../../tensor/region.ts';
import { isFloat32, type Tensor } from '../../../tensor/tensor.ts';
import type { TfjsContext } from '../context.ts';

/** Deeper names than any framework writes are found by their whole name only. */
const MAX_PARTS = 16;

/**
 * Finds a layer's weights. Files call one `conv/kernel`, `model/conv/kernel`, `conv/cell/kernel`, `conv/kernel:0`, or
 * (from a Keras v3 archive) `conv/0`, after its place among the weights of the layer.
 */
export class LayerWeights {
  readonly #weights: ReadonlyMap<string, Tensor>;
  readonly #byEnd = new Map<string, string[]>();
  readonly #asked = new Map<string, string[]>();
  readonly #context: TfjsContext;

  constructor(weights: ReadonlyMap<string, Tensor>, context: TfjsContext) {
    this.#weights = weights;
    this.#context = context;
    for (const name of weights.keys()) {
      for (const end of endsOf(name)) {
        const others = this.#byEnd.get(end);
        if (others) others.push(name);
        else this.#byEnd.set(end, [name]);
      }
    }
  }

  /**
   * The weight of the layer at the end of `path`, a list of nested models, by the first of `roles` that is there.
   * Throws ISO_ERR_MODEL_MALFORMED.
   */
  take(path: readonly string[], roles: readonly string[], shape: Shape): Tensor<'float32'> {
    const layer = path.at(-1)!;
    const key = path.join('/');
    const [role] = roles as [string];
    const asked = this.#asked.get(key) ?? [];
    this.#asked.set(key, asked);
    if (!asked.includes(role)) asked.push(role);
    let name: string | undefined;
    for (const end of [...roles, asked.indexOf(role)]) name ??= this.#find(path, `${layer}/${end}`);
    const tensor = this.#weights.get(name ?? '');
    const want = `[${shape.join(', ')}]`;
    if (!tensor) throw this.#context.malformed(`it has no weight ${layer}/${role} ${want}`);
    if (String(tensor.shape) !== String(shape)) {
      throw this.#context.malformed(
        `the weight ${name} has the shape [${tensor.shape.join(', ')}], not ${want}`,
      );
    }
    if (!isFloat32(tensor))
      throw this.#context.unsupported(`the weight ${name} is of ${tensor.dtype}, not of float32`);
    return tensor;
  }

  #find(path: readonly string[], end: string): string | undefined {
    if (this.#weights.has(end)) return end;
    const found = this.#byEnd.get(end) ?? [];
    if (found.length < 2) return found[0];
    const within = found.filter((name) =>
      path.slice(0, -1).every((outer) => `/${name}`.includes(`/${outer}/`)),
    );
    if (within.length === 1) return within[0];
    throw this.#context.malformed(`the weights ${found.slice(0, 3).join(', ')} may all be ${end}`);
  }
}

/** What a weight may be asked for by: its name from any part on, and the same without the part before the last. */
function endsOf(name: string): Set<string> {
  const parts = name.replace(/:\d+$/, '').split('/');
  const ends = new Set<string>();
  if (parts.length > MAX_PARTS) return ends;
  const shorter = [...parts.slice(0, -2), parts.at(-1)!];
  for (const list of [parts, shorter]) {
    for (let from = 0; from < list.length - 1; from += 1) ends.add(list.slice(from).join('/'));
  }
  return ends;
}
