import type { Graph, Node } from '../graph/graph.ts';
import type { Run } from '../partition/run.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Texts that are equal for runs that cost the same whatever the scheme: the same operators on the same shapes, wired
 * alike. A residual network has few different blocks, so most runs are priced once.
 */
export class Signatures {
  readonly #graph: Graph;
  readonly #nodes = new Map<Node, string>();

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  of({ nodes, outputs }: Run): string {
    const made = new Map<string, string>();
    const outside = new Map<string, string>();
    const parts = nodes.map((node, at) => {
      const wires = node.inputs.map((name) => {
        if (name === '' || this.#graph.initializers.has(name)) return '';
        const inside = made.get(name);
        if (inside) return inside;
        if (!outside.has(name)) outside.set(name, `x${outside.size}`);
        return outside.get(name)!;
      });
      for (const [index, name] of node.outputs.entries()) made.set(name, `${at}.${index}`);
      return `${this.#signatureOf(node)}(${wires.join()})`;
    });
    return `${parts.join(';')}=>${outputs.map((name) => made.get(name)).join()}`;
  }

  #signatureOf(node: Node): string {
    let text = this.#nodes.get(node);
    if (text === undefined) {
      const shapes = [...node.inputs, ...node.outputs].map((name) => {
        const type = this.#graph.types.get(name);
        const constant = this.#graph.initializers.get(name);
        const shape = type ? `${type.dtype}${type.shape.join('x')}` : '?';
        return constant ? `c${shape}${settingsIn(constant)}` : `v${shape}`;
      });
      text = `${node.domain}:${node.op}${JSON.stringify(node.attributes)}${shapes.join(',')}`;
      this.#nodes.set(node, text);
    }
    return text;
  }
}

/** Starts, axes, pads and the like say how a node can be cut; filters do not. */
function settingsIn(constant: Tensor): string {
  return constant.dtype === 'int64' && constant.size <= MOST_SETTINGS ? `[${constant.data.join()}]` : '';
}

const MOST_SETTINGS = 64;
