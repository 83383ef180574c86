// SPDX-License-Identifier: Apache-2.0
// A Ceph object store beside the test: started by the script `ceph/radosgw` on free ports, in a folder that is thrown away.

import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const script = join(import.meta.dirname, "ceph", "radosgw");
const run = promisify(execFile);

/** Keys of its only user. */
export const cephKeys = { id: "capstan", secret: "capstan-secret-of-tests" };

/** True where Ceph is installed. */
export const hasCeph = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin"].every((name) =>
  existsSync(`/usr/bin/${name}`),
);

/** One that runs. */
export class Ceph {
  readonly endpoint: string;
  readonly #folder: string;

  private constructor(folder: string, endpoint: string) {
    this.#folder = folder;
    this.endpoint = endpoint;
  }

  /** Starts it; takes about 20 s. */
  static async start(): Promise<Ceph> {
    const base = await mkdtemp(join(tmpdir(), "capstan-ceph-"));
    const { stdout } = await run(script, ["start", join(base, "ceph"), String(await freePorts(50))]);
    return new Ceph(base, stdout.trim());
  }

  /** SIGKILL for radosgw; what it had acknowledged is in the OSD. */
  async kill(): Promise<void> {
    await run(script, ["rgw-kill", join(this.#folder, "ceph")]);
  }

  /** Starts radosgw again, on the same port. */
  async restart(): Promise<void> {
    await run(script, ["rgw-start", join(this.#folder, "ceph")]);
  }

  async stop(): Promise<void> {
    await run(script, ["stop", join(this.#folder, "ceph")]);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** The first of `count` ports in a row that are free now, below those that the system gives away. */
async function freePorts(count: number): Promise<number> {
  for (let first = 17_480; first < 32_000; first += count) {
    const states = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (states.every(Boolean)) return first;
  }
  throw new Error("no ports are free");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got === port));
    });
  });
}
