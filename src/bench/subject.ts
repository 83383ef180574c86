// SPDX-License-Identifier: Apache-2.0
// What is measured: a target process with drives that have cartridges in them.

import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import type { Endpoint } from "#base/index.ts";

/** One target process under test. */
export interface Subject {
  /** Column head: `capstan`, `tgt`, `tgt tuned`. */
  readonly label: string;
  readonly pid: number;
  readonly portal: Endpoint;
  /** Every drive has a cartridge loaded. */
  readonly drives: readonly { readonly target: string; readonly lun: number }[];
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/** A TCP port of 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
