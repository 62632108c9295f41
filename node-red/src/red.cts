/** As much of Node-RED's runtime API as these nodes use. */

export interface Message {
  payload?: unknown;
  [property: string]: unknown;
}

export type Send = (messages: Message | null | readonly (Message | null)[]) => void;
export type Done = (error?: unknown) => void;

export interface Status {
  readonly fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  readonly shape?: 'ring' | 'dot';
  readonly text?: string;
}

export interface RedNode {
  readonly id: string;
  readonly name?: string;
  readonly credentials?: Readonly<Record<string, string | undefined>>;
  on(event: 'input', listener: (message: Message, send: Send, done: Done) => void): void;
  on(event: 'close', listener: (removed: boolean, done: () => void) => void): void;
  status(status: Status): void;
  send: Send;
  log(text: string): void;
  warn(text: string): void;
  error(error: unknown, message?: Message): void;
  debug(text: string): void;
}

export interface Config {
  readonly id: string;
  readonly name?: string;
  readonly [property: string]: unknown;
}

export interface HttpRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface HttpResponse {
  status(code: number): HttpResponse;
  json(body: unknown): void;
}

type Handler = (request: HttpRequest, response: HttpResponse) => void;

export interface Red {
  readonly nodes: {
    createNode(node: RedNode, config: Config): void;
    registerType(
      type: string,
      make: (this: RedNode, config: Config) => void,
      options?: { readonly credentials?: Readonly<Record<string, { readonly type: 'text' | 'password' }>> },
    ): void;
    getNode(id: unknown): unknown;
  };
  readonly util: { cloneMessage<T>(message: T): T };
  readonly auth: { needsPermission(permission: string): unknown };
  readonly httpAdmin: {
    get(path: string, permission: unknown, handler: Handler): void;
    post(path: string, permission: unknown, handler: Handler): void;
  };
  /** A text of the node's catalogue, in the language of the runtime. */
  _(key: string, values?: Readonly<Record<string, string | number>>): string;
}
