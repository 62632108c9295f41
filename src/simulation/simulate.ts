import {
  bringBack,
  compute,
  courseOf,
  returnAt,
  type SharedArrival,
  sendOwn,
  sendShared,
  takeShared,
} from '../estimator/courses.ts';
import { EventQueue, RANK } from '../estimator/event-queue.ts';
import type { Schedule } from '../estimator/exchange.ts';
import type { FleetModel } from '../estimator/fleet-model.ts';
import type { Course } from '../estimator/stage-summary.ts';
import { Timeline } from '../estimator/timeline.ts';
import { type Dataflow, dataflowOf, type FlowShard } from '../planner/dataflow.ts';
import { Deadlines } from '../planner/deadlines.ts';
import { type Dealer, dealersOf } from '../planner/dealer.ts';
import { MASTER, type Plan } from '../planner/plan.ts';
import { LegStage } from './leg-stage.ts';
import { Luck } from './luck.ts';
import type { SimulationOptions } from './options.ts';
import { resourceName } from './resource-names.ts';
import { latencyOf, type SimulatedInference, type SimulationResult } from './result.ts';
import { begun, type Running } from './running.ts';
import { type Flight, StageRecord } from './stage-record.ts';

const NONE: ReadonlySet<number> = new Set();

/**
 * A discrete-event simulation of inferences by a plan: the runtime's dataflow on the estimator's resources. A shard fires
 * when the shards that it waits for have ended; then it is sent, computed, brought back and joined by the same steps
 * that price a stage, each taken when its time has come. So one stage alone takes what `stageCost` says.
 */
export function simulate(plan: Plan, model: FleetModel, options: SimulationOptions = {}): SimulationResult {
  return new Simulation(plan, model, options).run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #model: FleetModel;
  readonly #options: SimulationOptions;
  readonly #luck: Luck;
  readonly #flow: Dataflow;
  readonly #time: Timeline;
  readonly #queue = new EventQueue();
  readonly #deadlines: Deadlines;
  readonly #dealers: ReadonlyMap<number, Dealer>;
  readonly #records: StageRecord[];
  readonly #ended: SimulatedInference[] = [];
  /** Asked for, and not begun. */
  readonly #asked: { number: number; at: number }[] = [];
  /** By stage, the shards that run on agents. */
  readonly #remote: readonly (readonly Course[])[];
  #inFlight = 0;

  constructor(plan: Plan, model: FleetModel, options: SimulationOptions) {
    this.#plan = plan;
    this.#model = model;
    this.#options = options;
    this.#luck = new Luck(model, options);
    this.#flow = dataflowOf(plan);
    this.#time = new Timeline(model.resources);
    this.#records = plan.stages.map((stage) => new StageRecord(stage));
    this.#deadlines = new Deadlines(options.deadlines);
    this.#dealers = dealersOf(plan.stages);
    this.#remote = plan.stages.map(({ shards }) =>
      shards.filter(({ worker }) => worker !== MASTER).map((placed) => courseOf(model, placed)),
    );
  }

  run(): SimulationResult {
    const { inferences = 1, rate = Infinity } = this.#options;
    // a master that has served for a while knows how long its stages take
    for (const { index, cost } of this.#plan.stages) this.#deadlines.observe(index, 1000 * cost.seconds);
    for (let number = 0; number < inferences; number += 1) {
      const at = number / rate;
      this.#queue.push({ at, rank: RANK.arriving, order: number, run: () => this.#ask(number, at) });
    }
    for (let event = this.#queue.pop(); event; event = this.#queue.pop()) event.run(event.at);
    return this.#result();
  }

  #ask(number: number, at: number): void {
    this.#asked.push({ number, at });
    this.#beginNext(at);
  }

  #beginNext(at: number): void {
    const { inFlight = Infinity } = this.#options;
    if (this.#inFlight >= inFlight) return;
    const request = this.#asked.shift();
    if (!request) return;
    this.#inFlight += 1;
    const { shards } = this.#flow;
    const inference = begun(request.number, request.at, shards);
    for (const { id, dependencies } of shards) if (dependencies === 0) this.#fire(inference, id, at);
    if (inference.left === 0) this.#finish(inference, at);
  }

  #fire(inference: Running, id: number, at: number): void {
    const { stage } = this.#flow.shards[id]!;
    const key = `${stage.index}@${at}`;
    const together = inference.firing.get(key);
    if (together) {
      together.push(id);
      return;
    }
    const ids = [id];
    inference.firing.set(key, ids);
    this.#at(inference, id, at, RANK.firing, () => {
      inference.firing.delete(key);
      this.#send(
        inference,
        stage.index,
        ids.sort((a, b) => a - b),
        at,
      );
    });
  }

  /** Publishes the inputs of shards of one stage that begin together: what is shared first, and once per stage. */
  #send(inference: Running, stage: number, ids: readonly number[], at: number): void {
    const shared = this.#flow.shared[stage]!;
    const flights = ids.map((id): [FlowShard, Flight] => {
      const flow = this.#flow.shards[id]!;
      const dealer = this.#dealers.get(stage);
      const worker = dealer?.choose(() => true) ?? flow.planned.worker;
      const dealt = dealer?.begin(worker);
      const legs = this.#legsOf(inference, flow);
      const course = legs?.courseOf(flow) ?? this.#courseOf(inference, flow, worker);
      const flight: Flight = { course, fired: at, began: at, dealt };
      legs?.fire(flow, flight);
      return [flow, flight];
    });
    for (const [, { course }] of flights) {
      course.left = course.arrived = at;
      if (shared.size > 0 && !course.worker.isMaster)
        takeShared(course, this.#sharedOf(inference, stage, at));
    }
    for (const [flow, flight] of flights) {
      const { course } = flight;
      sendOwn(this.#model, this.#time, at, course, shared, flow.stage.shards.length);
      const legs = this.#legsOf(inference, flow);
      if (this.#luck.losesIfm(inference.number, flow.id, course)) this.#expire(inference, flow, flight, at);
      else if (!legs) this.#compute(inference, flow, flight);
      else if (!legs.begin(flow)) this.#takeOver(inference, flow, flight, at);
    }
  }

  #sharedOf(inference: Running, stage: number, at: number): SharedArrival {
    const known = inference.shared.get(stage);
    if (known) return known;
    const arrival = sendShared(this.#model, this.#time, at, this.#remote[stage]!, this.#flow.shared[stage]!);
    inference.shared.set(stage, arrival);
    return arrival;
  }

  #compute(inference: Running, flow: FlowShard, flight: Flight): void {
    const { course } = flight;
    this.#at(inference, flow.id, course.arrived, RANK.computing, () => {
      compute(this.#time, course);
      this.#bringBack(inference, flow, flight);
    });
  }

  #bringBack(inference: Running, flow: FlowShard, flight: Flight): void {
    const back = returnAt(this.#model, flight.course);
    this.#at(inference, flow.id, back, RANK.returning, (now) => this.#return(inference, flow, flight, now));
  }

  /** Undefined where the shards of the stage do not run in legs. */
  #legsOf(inference: Running, { stage, id, index }: FlowShard): LegStage | undefined {
    if (!stage.shards[0]!.shard.legs) return undefined;
    let legs = inference.legs.get(stage.index);
    if (!legs) {
      const first = id - index;
      const courses = stage.shards.map((planned, at) =>
        this.#courseOf(inference, this.#flow.shards[first + at]!, planned.worker),
      );
      const schedule: Schedule = (at, rank, shard, run) =>
        this.#at(inference, first + shard, at, RANK[rank], run);
      const done = (flow: FlowShard, flight: Flight) => this.#bringBack(inference, flow, flight);
      legs = new LegStage(this.#model, this.#time, courses, schedule, done);
      inference.legs.set(stage.index, legs);
    }
    return legs;
  }

  #return(inference: Running, flow: FlowShard, flight: Flight, now: number): void {
    const { course, fired, began } = flight;
    // what the master runs in place of an agent is sliced from joined tensors, and placed again
    const shards = began > fired ? Infinity : flow.stage.shards.length;
    bringBack(this.#model, this.#time, course, shards);
    if (began === fired && this.#luck.losesOfm(inference.number, flow.id, course)) {
      this.#expire(inference, flow, flight, now);
      return;
    }
    this.#at(inference, flow.id, course.joined, RANK.ended, (at) => this.#end(inference, flow, flight, at));
  }

  /** The master waits for the shard in vain, and runs it itself. */
  #expire(inference: Running, flow: FlowShard, flight: Flight, now: number): void {
    const patience = this.#deadlines.of(flow.stage.index) / 1000;
    const at = Math.max(flight.fired + patience, now);
    this.#at(inference, flow.id, at, RANK.expired, () => {
      if (flight.began === flight.fired) this.#takeOver(inference, flow, flight, at);
    });
  }

  /** Whoever waits for the pieces of a shard in legs cannot go on, and is taken over as well. */
  #takeOver(inference: Running, flow: FlowShard, flight: Flight, at: number): void {
    flight.dealt?.();
    flight.dealt = undefined;
    inference.takenOver += 1;
    const { shard } = flow.planned;
    flight.course = courseOf(this.#model, { worker: this.#model.master.id, shard: shard.alone ?? shard });
    flight.course.left = flight.course.arrived = at;
    flight.began = at;
    sendOwn(this.#model, this.#time, at, flight.course, NONE, Infinity);
    this.#compute(inference, flow, flight);
    this.#legsOf(inference, flow)?.lose(flow, (other, flown) => {
      if (flown.began === flown.fired) this.#takeOver(inference, other, flown, at);
    });
  }

  #end(inference: Running, flow: FlowShard, flight: Flight, at: number): void {
    const { stage } = flow;
    flight.dealt?.(at - flight.fired);
    flight.dealt = undefined;
    const last = inference.last.get(stage.index);
    if (!last || flight.course.joined > last.course.joined) inference.last.set(stage.index, flight);
    if (!flight.course.worker.isMaster) this.#deadlines.observe(stage.index, 1000 * (at - flight.fired));
    for (const next of flow.dependents) {
      inference.waiting[next]! -= 1;
      if (inference.waiting[next] === 0) this.#fire(inference, next, at);
    }
    inference.left -= 1;
    if (inference.left === 0) this.#finish(inference, at);
  }

  #finish({ asked, takenOver, last }: Running, at: number): void {
    for (const [stage, flight] of last) this.#records[stage]!.add(flight);
    this.#ended.push({ asked, ended: at, takenOver });
    this.#inFlight -= 1;
    this.#beginNext(at);
  }

  #courseOf({ number }: Running, { id, planned }: FlowShard, chosen: string): Course {
    const worker = chosen === MASTER ? this.#model.master.id : chosen;
    const course = courseOf(this.#model, { worker, shard: planned.shard });
    if (course.worker.isMaster) return course;
    return { ...course, computeSeconds: this.#luck.slownessOf(number, id) * course.computeSeconds };
  }

  #at(inference: Running, id: number, at: number, rank: number, run: (at: number) => void): void {
    this.#queue.push({ at, rank, order: inference.number * this.#flow.shards.length + id, run });
  }

  #result(): SimulationResult {
    const inferences = this.#ended.toSorted((a, b) => a.asked - b.asked);
    const makespan = inferences.reduce((most, { ended }) => Math.max(most, ended), 0);
    const { busy } = this.#time;
    const most = busy.reduce((found, each, at) => (each > busy[found]! ? at : found), 0);
    return {
      inferences,
      latency: latencyOf(inferences.map(({ asked, ended }) => ended - asked)),
      throughput: inferences.length / makespan,
      makespan,
      stages: this.#records.map(({ result }) => result),
      busy,
      busiest: {
        resource: resourceName(this.#model, most),
        utilization: makespan > 0 ? busy[most]! / makespan : 0,
      },
    };
  }
}
