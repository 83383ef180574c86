// SPDX-License-Identifier: Apache-2.0
// The simulated network: machines with addresses, and connections between them that delay, split, join and break.
// A machine is what one simulated process sees; when the process dies, its listeners and connections die with it.

import {
  type ByteStream,
  type Duration,
  type Endpoint,
  endpointText,
  isLoopback,
  type Listener,
  milliseconds,
  type Network,
  networkFault,
  type StreamReceiver,
} from "#base/index.ts";
import type { SimClock } from "./clock.ts";
import type { SeededRandom } from "./random.ts";
import { SimStream, type StreamSetting } from "./stream.ts";

/** How badly a network behaves. Probabilities from 0 to 1. */
export interface NetworkBehaviour {
  /** Longest time that bytes travel on a connection; each connection draws its own. */
  readonly latencyMax: Duration;
  /** Fewest and most bytes that may be under way in one direction. */
  readonly window: readonly [least: number, most: number];
  /** That a delivery brings only a part of what is there. */
  readonly splitChance: number;
  /** That a delivery brings only 1 to 60 bytes. */
  readonly crumbChance: number;
  /** That a connection breaks instead of delivering. */
  readonly cutChance: number;
  /** That a connection is refused although somebody listens. */
  readonly refuseChance: number;
}

/** A network that only delays and splits. */
export const calmNetwork: NetworkBehaviour = {
  latencyMax: milliseconds(1),
  window: [4096, 1_048_576],
  splitChance: 0.2,
  crumbChance: 0.05,
  cutChance: 0,
  refuseChance: 0,
};

/** What a simulated network is made of. */
export interface SimNetworkOptions {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly behaviour?: NetworkBehaviour;
  /** Told of deliveries and ends of connections. */
  readonly trace?: (text: string) => void;
}

interface Listening {
  readonly machine: SimMachine;
  readonly endpoint: Endpoint;
  readonly accept: (stream: ByteStream) => StreamReceiver;
}

interface Connection {
  readonly client: SimStream;
  readonly server: SimStream;
  readonly machines: readonly [client: SimMachine, server: SimMachine];
}

const firstEphemeralPort = 49_152;

/** All machines and what connects them. */
export class SimNetwork {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  /** May be changed at any time; holds for connections made later. */
  behaviour: NetworkBehaviour;
  readonly trace: (text: string) => void;
  readonly #listening = new Set<Listening>();
  readonly #connections = new Set<Connection>();
  #nextPort = firstEphemeralPort;

  constructor(options: SimNetworkOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.behaviour = options.behaviour ?? calmNetwork;
    this.trace = options.trace ?? (() => {});
  }

  /** A process on the machine with this address. */
  machine(address: string): SimMachine {
    return new SimMachine(this, address);
  }

  /** Connections that neither end knows to be over. */
  get connectionCount(): number {
    return this.#live().length;
  }

  /** Breaks one connection, drawn by the seed; each end learns of it in its own time. False when there is none. */
  cutOne(latest: Duration = milliseconds(0)): boolean {
    const live = this.#live();
    if (live.length === 0) return false;
    const { client, server } = this.random.pick(live);
    const wait = (): Duration => milliseconds(latest === 0 ? 0 : this.random.below(latest));
    client.finish(new Error("connection reset by the network"), wait());
    server.finish(new Error("connection reset by the network"), wait());
    return true;
  }

  /** A port that nobody uses. */
  freePort(): number {
    return this.#nextPort++;
  }

  /** Starts listening for `machine`; see `Network.listen`. */
  open(machine: SimMachine, wanted: Endpoint, accept: Listening["accept"]): Listener {
    const address = endpointText(wanted);
    const isAny = wanted.host === "0.0.0.0" || wanted.host === "::";
    if (!isAny && !isLoopback(wanted.host) && wanted.host !== machine.address) {
      throw networkFault("address-unavailable", { address });
    }
    const endpoint = { host: wanted.host, port: wanted.port === 0 ? this.freePort() : wanted.port };
    for (const other of this.#listening) {
      const isSamePlace = other.machine.address === machine.address && other.endpoint.port === endpoint.port;
      if (isSamePlace && (isAny || other.endpoint.host === "0.0.0.0" || other.endpoint.host === endpoint.host)) {
        throw networkFault("address-in-use", { address });
      }
    }
    const listening: Listening = { machine, endpoint, accept };
    this.#listening.add(listening);
    return {
      endpoint,
      close: () => {
        this.#listening.delete(listening);
        return Promise.resolve();
      },
    };
  }

  /** Makes a connection; calls back with the client's end, or with why there is none. */
  dial(machine: SimMachine, endpoint: Endpoint, done: (result: SimStream | string) => void): void {
    const { random, behaviour, clock } = this;
    const latency = milliseconds(random.fraction() * behaviour.latencyMax);
    clock.setTimer(latency, () => {
      if (!machine.isAlive) return;
      const listening = this.#find(machine, endpoint);
      if (listening === undefined) return void clock.setTimer(latency, () => done("connection refused"));
      if (random.chance(behaviour.refuseChance)) return void clock.setTimer(latency, () => done("host unreachable"));
      const client = this.#connect(machine, listening, endpoint, latency);
      clock.setTimer(latency, () => done(client.isOver ? "connection reset" : client));
    });
  }

  /** The process behind `machine` is gone: see `SimMachine.crash`. */
  drop(machine: SimMachine, noticedWithin: Duration): void {
    for (const listening of this.#listening) {
      if (listening.machine === machine) this.#listening.delete(listening);
    }
    for (const { client, server, machines } of this.#live()) {
      const reset = new Error("connection reset by the other side");
      const wait = milliseconds(noticedWithin === 0 ? 0 : this.random.below(noticedWithin));
      if (machines[0] === machine) client.deafen();
      else if (machines[1] === machine) client.finish(reset, wait);
      if (machines[1] === machine) server.deafen();
      else if (machines[0] === machine) server.finish(reset, wait);
    }
  }

  #live(): Connection[] {
    for (const connection of this.#connections) {
      if (connection.client.isOver && connection.server.isOver) this.#connections.delete(connection);
    }
    return [...this.#connections];
  }

  #find(from: SimMachine, endpoint: Endpoint): Listening | undefined {
    const address = isLoopback(endpoint.host) ? from.address : endpoint.host;
    for (const listening of this.#listening) {
      const { host, port } = listening.endpoint;
      const isBound = host === "0.0.0.0" || host === "::" || host === endpoint.host;
      if (isBound && port === endpoint.port && listening.machine.address === address) return listening;
    }
    return undefined;
  }

  #connect(from: SimMachine, to: Listening, endpoint: Endpoint, latency: Duration): SimStream {
    const [least, most] = this.behaviour.window;
    const setting: StreamSetting = {
      clock: this.clock,
      random: this.random,
      behaviour: this.behaviour,
      latency,
      window: this.random.between(least, most),
      asksEarly: this.random.chance(0.5),
      trace: this.trace,
    };
    const caller: Endpoint = { host: isLoopback(endpoint.host) ? endpoint.host : from.address, port: this.freePort() };
    const client = new SimStream(setting, caller, endpoint);
    const server = new SimStream(setting, endpoint, caller);
    SimStream.join(client, server);
    this.#connections.add({ client, server, machines: [from, to.machine] });
    server.attach(to.accept(server));
    return client;
  }
}

/** The network as one simulated process sees it. */
export class SimMachine implements Network {
  readonly address: string;
  readonly #network: SimNetwork;
  #alive = true;

  constructor(network: SimNetwork, address: string) {
    this.#network = network;
    this.address = address;
  }

  get isAlive(): boolean {
    return this.#alive;
  }

  listen(endpoint: Endpoint, accept: (stream: ByteStream) => StreamReceiver): Promise<Listener> {
    if (!this.#alive) return new Promise(() => {});
    try {
      return Promise.resolve(this.#network.open(this, endpoint, accept));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  connect(endpoint: Endpoint, receiver: (stream: ByteStream) => StreamReceiver): Promise<ByteStream> {
    return new Promise((resolve, reject) => {
      if (!this.#alive) return;
      this.#network.dial(this, endpoint, (result) => {
        if (!this.#alive) return;
        if (typeof result === "string") {
          reject(networkFault("unreachable", { address: endpointText(endpoint), reason: result }));
          return;
        }
        result.attach(receiver(result));
        resolve(result);
      });
    });
  }

  /**
   * The process dies without a word: it is never called again, and the other ends of its connections see a reset
   * within `noticedWithin` (at once after a kill; late after a power loss). A new process is a new machine of the same address.
   */
  crash(noticedWithin: Duration = milliseconds(0)): void {
    this.#alive = false;
    this.#network.drop(this, noticedWithin);
  }
}
