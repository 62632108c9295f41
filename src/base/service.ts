/** Constructors only assign; `start` acts; `stop` undoes all that `start` did and may be called at any time, twice too. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
