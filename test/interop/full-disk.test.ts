// SPDX-License-Identifier: Apache-2.0
// A real file system that is really full while a host writes: the host is told to wait, nothing that it was told of as safe
// is lost, and it goes on when there is room, without a restart. Needs root, for a file system in memory.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { equalBytes, limits } from "#base/index.ts";
import { decodeSense, scsiStatus, Read6, Rewind, Write6, WriteFilemarks6 } from "#scsi/index.ts";
import { Gateway } from "./gateway.ts";
import { TapeHost } from "./tape-host.ts";

const mib = 1024 * 1024;
const blockSize = 256 * 1024;
const barcode = "CAP001L8";
const isRoot = process.getuid?.() === 0;

function blockOf(number: number): Uint8Array {
  const bytes = new Uint8Array(blockSize).fill(number % 251);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** A host that writes blocks of known content. */
class TapeWriter extends TapeHost {
  /** Blocks that were acknowledged. */
  written = 0;

  async write(): Promise<number> {
    const dataOut = blockOf(this.written);
    const { status } = await this.send(Write6.encode({ transferLength: blockSize }), { dataOut });
    if (status === scsiStatus.good) this.written += 1;
    return status;
  }

  /** Reads everything that was written and compares. */
  async expectAll(): Promise<void> {
    await this.good(Rewind.encode({}));
    for (let number = 0; number < this.written;) {
      const answer = await this.send(Read6.encode({ transferLength: blockSize }), { dataInLength: blockSize });
      // A filemark has sense of its own; nothing else may come between the blocks.
      if (answer.status !== scsiStatus.good) {
        assert.equal(decodeSense(answer.sense).filemark, true, `block ${number}`);
        continue;
      }
      assert.ok(equalBytes(answer.dataIn, blockOf(number)), `block ${number}`);
      number += 1;
    }
  }
}

let disk = "";
let objects = "";
let host: TapeWriter;

before(async () => {
  if (!isRoot) return;
  disk = await mkdtemp(join(tmpdir(), "capstan-small-"));
  objects = await mkdtemp(join(tmpdir(), "capstan-objects-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", disk]);
  const settings = `[store]\nfolder = "${objects}"\ndisk-reserve = "8MiB"\nupload-delay = "1h"\n`;
  host = new TapeWriter(await Gateway.start({ disk, settings }));
  await host.gateway.capstan("cartridge", "load", barcode);
  await host.login();
});

after(async () => {
  if (!isRoot) return;
  host.drop();
  await host.gateway.stop();
  execFileSync("umount", [disk]);
  await rm(disk, { recursive: true });
  await rm(objects, { recursive: true });
});

describe("a full disk", { skip: !isRoot }, () => {
  it("tells a host to wait, within the time that hosts have", async () => {
    for (let count = 0; count < 160; count++) assert.equal(await host.write(), scsiStatus.good);
    await host.good(WriteFilemarks6.encode({ transferLength: 1 }));
    // Somebody else takes all that is left.
    const filler = await open(join(disk, "filler"), "w");
    await assert.rejects(async () => {
      for (;;) await filler.write(new Uint8Array(mib));
    });
    await filler.close();
    let status: number = scsiStatus.good;
    let took = 0;
    for (let count = 0; count < 400 && status === scsiStatus.good; count++) {
      const began = performance.now();
      status = await host.write();
      took = performance.now() - began;
    }
    assert.equal(status, scsiStatus.busy);
    assert.ok(took < 25_000, `after ${took} ms`);
    assert.ok(took > limits.pressureWait / 2, "it waited for room first");
    const filemark = await host.send(WriteFilemarks6.encode({ transferLength: 1 }));
    assert.equal(filemark.status, scsiStatus.busy);
  });

  it("is an alarm", async () => {
    const alarms = (await host.gateway.capstan("alarm", "list")) as readonly { name: string; severity: string }[];
    const alarm = alarms.find(({ name }) => name === "disk");
    assert.equal(alarm?.severity, "critical");
  });

  it("goes on when there is room, without a restart, and nothing is lost or written twice", async () => {
    await rm(join(disk, "filler"));
    await host.good(WriteFilemarks6.encode({ transferLength: 1 }));
    for (let count = 0; count < 40; count++) {
      while ((await host.write()) !== scsiStatus.good);
    }
    await host.good(WriteFilemarks6.encode({ transferLength: 1 }));
    await host.expectAll();
  });

  it("has kept what was synced when the gateway is killed", async () => {
    host.drop();
    await host.gateway.kill();
    await writeFile(join(disk, "crumb"), "");
    await host.gateway.launch();
    await host.login();
    await host.expectAll();
  });
});
