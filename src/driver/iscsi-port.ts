// SPDX-License-Identifier: Apache-2.0
// The port to a logical unit over a session of our own initiator: our gateway, or any other target.

import type { InitiatorSession } from "#iscsi/index.ts";
import type { ScsiCommand, ScsiPort, ScsiResult } from "./scsi-unit.ts";

/** A unit behind an iSCSI session. The session belongs to the port: closing the port logs out. */
export class IscsiPort implements ScsiPort {
  readonly #session: InitiatorSession;
  readonly #lun: number;

  constructor(session: InitiatorSession, lun: number) {
    this.#session = session;
    this.#lun = lun;
  }

  execute(command: ScsiCommand): Promise<ScsiResult> {
    return this.#session.execute({ lun: this.#lun, ...command });
  }

  close(): Promise<void> {
    return this.#session.logout();
  }
}
