// SPDX-License-Identifier: Apache-2.0
// How long the gateway takes from the start of its process to the first answered command, with many cartridges, and
// again after a kill -9 while its drives write.

import { TestUnitReady } from "#scsi/index.ts";
import { CapstanSubject } from "./capstan-subject.ts";
import { median, residentMiBOf } from "./machine.ts";
import type { BenchOptions } from "./options.ts";
import { figure, printTable } from "./table.ts";
import { TapeClient } from "./tape-client.ts";
import { openDrive } from "./throughput.ts";

const cartridges = 1500;

/** Start, and start after a crash, of a gateway that knows 1,500 cartridges. */
export async function measureStart(options: BenchOptions): Promise<void> {
  const subject = await CapstanSubject.start(options.folder, { drives: options.drives, sizeGiB: 16 });
  try {
    await subject.capstan("library", "create", "large", "--slots", String(cartridges), "--drives", "1");
    const many = ["--count", String(cartridges), "--size", "100GiB", "--barcode-prefix", "B"];
    await subject.capstan("cartridge", "create", "--library", "large", ...many);
    const orderly: number[] = [];
    const crashed: number[] = [];
    let resident = 0;
    for (let round = 0; round < options.rounds; round++) {
      await subject.kill();
      orderly.push(await startToFirstCommand(subject));
      resident = residentMiBOf(subject.pid);
      await writeUntilKilled(subject);
      crashed.push(await startToFirstCommand(subject));
    }
    const row = (name: string, values: readonly number[]): string[] => [name, figure(median(values) * 1000)];
    printTable(
      [`start with ${cartridges} cartridges`, "ms"],
      [
        row("process start to first command", orderly),
        row(`the same after kill -9 while ${options.drives} drives write`, crashed),
        ["resident memory after the start, MiB", figure(resident)],
      ],
    );
  } finally {
    await subject.stop();
  }
}

async function startToFirstCommand(subject: CapstanSubject): Promise<number> {
  const start = performance.now();
  const launched = subject.launch();
  const drive = subject.drives[0];
  if (drive === undefined) throw new Error("the bench's library has a drive");
  for (;;) {
    let client: TapeClient | undefined;
    try {
      client = await TapeClient.open(subject.portal, drive.target, drive.lun);
      await client.command(TestUnitReady.encode({}));
      const seconds = (performance.now() - start) / 1000;
      await client.close();
      await launched;
      return seconds;
    } catch (error) {
      await client?.close();
      if (performance.now() - start > 30_000) throw error;
    }
  }
}

async function writeUntilKilled(subject: CapstanSubject): Promise<void> {
  const clients = await Promise.all(subject.drives.map((_, index) => openDrive(subject, index)));
  const writes = clients.map((client) =>
    client.write({ count: 1 << 20, blockSize: 262_144, depth: 1 }).catch(() => undefined),
  );
  await new Promise((resolve) => setTimeout(resolve, 700));
  await subject.kill();
  await Promise.all(writes);
}
