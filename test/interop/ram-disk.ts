// SPDX-License-Identifier: Apache-2.0
// A disk in memory behind our iSCSI target, for suites of other people that speak to disks only. It knows as little of
// SBC as they need: the point is the transport in front of it.

import type { ScsiTask, TargetDevice, TargetDirectory } from "#iscsi/index.ts";

const blockSize = 512;
const invalidOpcode = 0x2000;
const outOfRange = 0x2100;
const invalidField = 0x2400;
const noSuchUnit = 0x2500;

/** Where a command of SBC keeps its address and its count of blocks. */
interface Transfer {
  readonly isWrite: boolean;
  readonly address: (cdb: DataView) => number;
  readonly count: (cdb: DataView) => number;
}

const ten = { address: (cdb: DataView) => cdb.getUint32(2), count: (cdb: DataView) => cdb.getUint16(7) };
const twelve = { address: (cdb: DataView) => cdb.getUint32(2), count: (cdb: DataView) => cdb.getUint32(6) };
const sixteen = {
  address: (cdb: DataView) => Number(cdb.getBigUint64(2)),
  count: (cdb: DataView) => cdb.getUint32(10),
};

const transfers: ReadonlyMap<number, Transfer> = new Map([
  [0x28, { isWrite: false, ...ten }],
  [0xa8, { isWrite: false, ...twelve }],
  [0x88, { isWrite: false, ...sixteen }],
  [0x2a, { isWrite: true, ...ten }],
  [0xaa, { isWrite: true, ...twelve }],
  [0x8a, { isWrite: true, ...sixteen }],
  // WRITE AND VERIFY
  [0x2e, { isWrite: true, ...ten }],
  [0xae, { isWrite: true, ...twelve }],
  [0x8e, { isWrite: true, ...sixteen }],
]);

function fail(task: ScsiTask, additionalSense: number): void {
  const sense = new Uint8Array(18);
  sense.set([0x70, 0, 0x05, 0, 0, 0, 0, 10]);
  sense.set([additionalSense >> 8, additionalSense & 0xff], 12);
  task.finish({ status: 2, sense, transferLength: 0 });
}

function answer(task: ScsiTask, bytes: Uint8Array): void {
  task.finish({ status: 0, dataIn: { bytes, release() {} } });
}

/** One disk as LUN 0. */
export class RamDisk implements TargetDevice {
  readonly placeableBytes = 16 * 1024 * 1024;
  readonly #bytes: Uint8Array;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes);
  }

  nexusOpened(): void {}

  async nexusClosed(): Promise<void> {}

  async abort(): Promise<void> {}

  async manage(...[, , lun]: Parameters<TargetDevice["manage"]>): Promise<boolean> {
    return lun === 0;
  }

  accept(task: ScsiTask): void {
    const cdb = new DataView(task.cdb.buffer, task.cdb.byteOffset, task.cdb.byteLength);
    const opcode = cdb.getUint8(0);
    const transfer = transfers.get(opcode);
    if (task.lun !== 0) fail(task, noSuchUnit);
    else if (transfer !== undefined) this.#transfer(task, transfer, cdb);
    // TEST UNIT READY, SYNCHRONIZE CACHE(10)
    else if (opcode === 0x00 || opcode === 0x35) task.finish({ status: 0 });
    else if (opcode === 0x12) this.#inquiry(task, cdb);
    // MODE SENSE(6): a header and no page
    else if (opcode === 0x1a) answer(task, Uint8Array.of(3, 0, 0, 0));
    else if (opcode === 0x25) this.#capacity(task, { size: 8, addressAt: 0, blockSizeAt: 4 });
    else if (opcode === 0x9e) this.#capacity(task, { size: 32, addressAt: 4, blockSizeAt: 8 });
    // REPORT LUNS: one, LUN 0
    else if (opcode === 0xa0) answer(task, Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    else fail(task, invalidOpcode);
  }

  #transfer(task: ScsiTask, transfer: Transfer, cdb: DataView): void {
    const start = transfer.address(cdb) * blockSize;
    const length = transfer.count(cdb) * blockSize;
    if (start + length > this.#bytes.byteLength) return fail(task, outOfRange);
    if (!transfer.isWrite) return answer(task, this.#bytes.subarray(start, start + length));
    if (task.expectedDataOut > 0) {
      task.place = { bytes: new Uint8Array(Math.min(task.expectedDataOut, length)), release() {} };
    }
    const store = (): void => {
      this.#bytes.set(task.place?.bytes ?? new Uint8Array(0), start);
      task.finish({ status: 0, transferLength: length });
    };
    if (task.dataComplete) store();
    else task.onDataComplete = store;
  }

  #inquiry(task: ScsiTask, cdb: DataView): void {
    const allocation = cdb.getUint16(3);
    if ((cdb.getUint8(1) & 1) !== 0) {
      const page = cdb.getUint8(2);
      if (page === 0x00) return answer(task, Uint8Array.of(0, 0, 0, 2, 0x00, 0x80).subarray(0, allocation));
      if (page === 0x80)
        return answer(task, Uint8Array.of(0, 0x80, 0, 4, 0x31, 0x32, 0x33, 0x34).subarray(0, allocation));
      return fail(task, invalidField);
    }
    const data = new Uint8Array(36);
    data.set([0, 0, 6, 2, 31, 0, 0, 2]);
    data.set(new TextEncoder().encode("CAPSTAN RAM DISK        0001"), 8);
    answer(task, data.subarray(0, allocation));
  }

  #capacity(
    task: ScsiTask,
    shape: { readonly size: number; readonly addressAt: number; readonly blockSizeAt: number },
  ): void {
    const data = new DataView(new ArrayBuffer(shape.size));
    data.setUint32(shape.addressAt, this.#bytes.byteLength / blockSize - 1);
    data.setUint32(shape.blockSizeAt, blockSize);
    answer(task, new Uint8Array(data.buffer));
  }
}

/** A directory whose every target is this one. */
export function directoryOf(device: TargetDevice): TargetDirectory {
  return {
    find: () => ({ kind: "granted", device, alias: undefined, portalGroupTag: 1, chap: undefined, sessionsMax: 16 }),
    discovery: () => ({ kind: "granted", chap: undefined }),
    list: ({ local }) => [
      { name: "iqn.2026-11.io.capstan.test:disk", addresses: [{ endpoint: local, portalGroupTag: 1 }] },
    ],
  };
}
