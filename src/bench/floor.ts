// SPDX-License-Identifier: Apache-2.0
// The floor of the machine, measured in the same rounds as the targets: what one block takes when nothing is done beside
// receiving it, checking its sum and writing it. The process is floor-server.ts.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { floorHeader } from "./floor-server.ts";
import type { Passage } from "./tape-client.ts";

/** The word that makes a process of the bench the floor's server. */
export const floorServer = "floor-server";

/** The process, and a connection to it. */
export class Floor {
  readonly label = "floor";
  readonly pid: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  #got = 0;
  #answered: (() => void) | undefined;

  private constructor(folder: string, child: ChildProcess, socket: Socket) {
    this.#folder = folder;
    this.#process = child;
    this.pid = child.pid ?? 0;
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => {
      this.#got += bytes.byteLength;
      if (this.#got < floorHeader) return;
      this.#got -= floorHeader;
      this.#answered?.();
    });
  }

  /** Starts one whose file lies below `folder`. */
  static async start(folder: string): Promise<Floor> {
    const own = await mkdtemp(join(folder, "floor-bench-"));
    const bench = join(import.meta.dirname, "run.ts");
    const child = spawn(process.execPath, [bench, floorServer, join(own, "data")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [said] = (await once(child.stdout, "data")) as [Buffer];
    const socket = connect({ port: Number(said.toString()), host: "127.0.0.1", noDelay: true });
    await once(socket, "connect");
    return new Floor(own, child, socket);
  }

  /** Sends blocks, one at a time, and asks for them to be durable. */
  async write({ count, blockSize }: { readonly count: number; readonly blockSize: number }): Promise<Passage> {
    const block = Buffer.alloc(blockSize, 0x5a);
    const latenciesMs = new Float64Array(count);
    const start = performance.now();
    for (let index = 0; index < count; index++) {
      const sent = performance.now();
      await this.#exchange(blockSize, block);
      latenciesMs[index] = performance.now() - sent;
    }
    const written = performance.now();
    await this.#exchange(0, undefined);
    const filemarkSeconds = (performance.now() - written) / 1000;
    return {
      bytes: count * blockSize,
      seconds: (written - start) / 1000,
      filemarkSeconds,
      latenciesMs: latenciesMs.toSorted(),
    };
  }

  async stop(): Promise<void> {
    this.#socket.destroy();
    this.#process.kill("SIGKILL");
    await once(this.#process, "exit");
    await rm(this.#folder, { recursive: true, force: true });
  }

  #exchange(size: number, block: Buffer | undefined): Promise<void> {
    const header = Buffer.alloc(floorHeader);
    header.writeUInt32BE(size);
    return new Promise((resolve) => {
      this.#answered = resolve;
      if (block === undefined) return void this.#socket.write(header);
      this.#socket.cork();
      this.#socket.write(header);
      this.#socket.write(block);
      this.#socket.uncork();
    });
  }
}
