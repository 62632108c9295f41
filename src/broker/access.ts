import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Who may do what, for brokers that serve more than one party. Both default to yes. */
export interface AccessRules {
  mayPublish?(user: string | undefined, clientId: string, topic: string): boolean;
  maySubscribe?(user: string | undefined, clientId: string, filter: string): boolean;
}

/** Passwords by user name. Answers in the same time whether the name, the password or nothing is right. */
export class Passwords {
  readonly #salt = randomBytes(32);
  readonly #digests: ReadonlyMap<string, Buffer>;
  readonly #nobody: Buffer;

  constructor(users: Readonly<Record<string, string>>) {
    this.#digests = new Map(Object.entries(users).map(([name, word]) => [name, this.#digest(word)]));
    this.#nobody = randomBytes(32);
  }

  accepts(user: string | undefined, password: Uint8Array | undefined): boolean {
    const wanted = this.#digests.get(user ?? '');
    const equal = timingSafeEqual(this.#digest(password ?? ''), wanted ?? this.#nobody);
    return equal && wanted !== undefined;
  }

  #digest(password: string | Uint8Array): Buffer {
    return createHash('sha256').update(this.#salt).update(password).digest();
  }
}
