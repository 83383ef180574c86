// SPDX-License-Identifier: Apache-2.0
// SIGKILL in mid-upload, again and again, while a host writes: of the gateway with its objects in a folder, and of the
// gateway and of radosgw. What was synced is there and reads back, and no segment that was stored is put again.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as sdk from "@aws-sdk/client-s3";
import { equalBytes } from "#base/index.ts";
import { decodeSense, Locate10, Read6, scsiStatus, senseName, Write6, WriteFilemarks6 } from "#scsi/index.ts";
import { SeededRandom } from "#sim/index.ts";
import { Ceph, cephKeys, hasCeph } from "./ceph.ts";
import { Gateway } from "./gateway.ts";
import { TapeHost } from "./tape-host.ts";

const mib = 1024 * 1024;
const blockSize = 256 * 1024;
const barcode = "CAP001L8";
const rounds = Number(process.env["CAPSTAN_KILL_ROUNDS"] ?? 50);
const seed = process.env["CAPSTAN_KILL_SEED"] ?? String(Date.now() % 1_000_000);
/** Written in a round at most: more than a segment, and little enough for the uploads to follow. */
const blocksPerRound = (80 * mib) / blockSize;
const blocksPerFile = 32;
/** The tape is overwritten from its beginning after so many rounds. */
const roundsPerPass = 10;
/** A segment of 64 MiB takes more than a second, so that most kills meet one on its way. */
const settings = `upload-delay = "0s"
cache = "256MiB"
[store.compression]
mode = "off"
[store.bandwidth]
up = "400Mbit"
`;

/** What tells one putting of a segment from another, by key. */
type Puts = ReadonlyMap<string, string>;

function blockOf(number: number): Uint8Array {
  const bytes = new Uint8Array(blockSize).fill(number % 251);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** A host that writes tape files, each synced by its filemark, and knows what must be on the tape. */
class Writer extends TapeHost {
  /** What was sent: the numbers of blocks, and filemarks. */
  #sent: (number | "filemark")[] = [];
  /** So many of these are promised. */
  synced = 0;
  #blocks = 0;

  async locate(objectNumber: number): Promise<void> {
    await this.good(Locate10.encode({ objectNumber }));
  }

  /** Begins at the beginning. */
  async overwrite(): Promise<void> {
    await this.locate(0);
    this.#sent = [];
    this.synced = 0;
  }

  /** Writes until the session ends, or as much as a round should; says how many blocks are written. */
  async write(progress: (count: number) => void): Promise<void> {
    for (let count = 1; count <= blocksPerRound; count++) {
      const number = this.#blocks++;
      this.#sent.push(number);
      const answer = await this.send(Write6.encode({ transferLength: blockSize }), { dataOut: blockOf(number) });
      assert.equal(answer.status, scsiStatus.good);
      progress(count);
      if (count % blocksPerFile > 0) continue;
      this.#sent.push("filemark");
      const mark = await this.send(WriteFilemarks6.encode({ transferLength: 1 }));
      assert.equal(mark.status, scsiStatus.good);
      this.synced = this.#sent.length;
    }
  }

  /** Reads from an object to end of data: everything promised is there, and nothing that was not sent. Stays at the end. */
  async expectFrom(first: number): Promise<void> {
    await this.locate(first);
    let at = first;
    for (; ; at++) {
      const answer = await this.send(Read6.encode({ transferLength: blockSize }), { dataInLength: blockSize });
      const wanted = this.#sent[at];
      if (answer.status === scsiStatus.good) {
        assert.ok(typeof wanted === "number" && equalBytes(answer.dataIn, blockOf(wanted)), `object ${at}`);
        continue;
      }
      const sense = decodeSense(answer.sense);
      if (sense.filemark !== true) {
        assert.equal(senseName(sense.key, sense.asc, sense.ascq), "end-of-data", `object ${at}`);
        break;
      }
      assert.equal(wanted, "filemark", `object ${at}`);
    }
    assert.ok(at >= this.synced, `${this.synced} objects were promised, ${at} are there`);
    // What was not promised may be there, and counts from now on.
    this.#sent.length = at;
    this.synced = at;
  }
}

/** What stays the same when a segment is not put again must be the same. Keys that are gone were overwritten. */
function expectNotAgain(before: Puts, after: Puts): void {
  for (const [key, put] of before) assert.ok((after.get(key) ?? put) === put, `${key} was put again`);
}

async function uploadsDone(gateway: Gateway): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const { uploadBufferUsed } = (await gateway.capstan("store", "status")) as { readonly uploadBufferUsed: number };
    // What is in the segment that is still open waits for more.
    if (uploadBufferUsed < 64 * mib) return;
    assert.ok(performance.now() < deadline, "uploading ends");
    await sleep(100);
  }
}

async function somethingStored(puts: () => Promise<Puts>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while ((await puts()).size === 0) {
    assert.ok(performance.now() < deadline, "a segment is stored");
    await sleep(100);
  }
}

/** Who is killed in a round. */
interface Victims {
  readonly gateway: boolean;
  readonly radosgw: boolean;
}

interface Trial {
  readonly gateway: Gateway;
  readonly rounds: number;
  readonly puts: () => Promise<Puts>;
  readonly choose: (random: SeededRandom) => Victims;
  readonly ceph?: Ceph;
  /** Called after each kill: whether an upload was on its way. */
  readonly isMidUpload: () => Promise<boolean>;
}

async function killAgainAndAgain(context: TestContext, trial: Trial): Promise<void> {
  const { gateway, puts, ceph } = trial;
  const random = new SeededRandom(seed);
  context.diagnostic(`CAPSTAN_KILL_SEED=${seed}`);
  const host = new Writer(gateway);
  await gateway.capstan("cartridge", "load", barcode);
  await host.login();
  let interrupted = 0;
  let kept = 0;
  for (let round = 1; round <= trial.rounds; round++) {
    if (round % roundsPerPass === 1) await host.overwrite();
    const start = host.synced;
    const victims = trial.choose(random);
    const moment = Promise.withResolvers<void>();
    const momentBlock = random.between(1, blocksPerRound);
    const writing = host.write((count) => count === momentBlock && moment.resolve());
    writing.catch(moment.reject);
    await moment.promise;
    // A slow store has nothing yet that could be put again: from half of the rounds on, it is waited for.
    if (kept === 0 && round > trial.rounds / 2) await somethingStored(puts);
    await sleep(random.between(0, 400));
    await Promise.all([victims.gateway && gateway.kill(), victims.radosgw && ceph?.kill()]);
    if (victims.gateway) await writing.catch(() => {});
    else await writing;
    if (victims.radosgw) await ceph?.restart();
    if (await trial.isMidUpload()) interrupted += 1;
    const before = await puts();
    kept += before.size;
    if (victims.gateway) {
      host.drop();
      await gateway.launch();
      await host.login();
    }
    await host.expectFrom(round % roundsPerPass === 0 ? 0 : start);
    expectNotAgain(before, await puts());
  }
  const before = await puts();
  await uploadsDone(gateway);
  await host.expectFrom(0);
  expectNotAgain(before, await puts());
  host.drop();
  context.diagnostic(`${interrupted} of ${trial.rounds} kills met an upload; ${kept} segments were looked at again`);
  assert.ok(kept > 0, "segments were stored");
  assert.ok(interrupted > trial.rounds / 10, "uploads were interrupted");
}

suite("killed in mid-upload", () => {
  test(`the gateway, ${rounds} times, with objects in a folder`, async (context) => {
    const objects = await mkdtemp(join(process.env["CAPSTAN_INTEROP_DISK"] ?? tmpdir(), "capstan-objects-"));
    const gateway = await Gateway.start({ settings: `[store]\nfolder = "${objects}"\n${settings}` });
    try {
      await killAgainAndAgain(context, {
        gateway,
        rounds,
        puts: () => putsIn(objects),
        choose: () => ({ gateway: true, radosgw: false }),
        isMidUpload: async () => (await filesBelow(objects)).some((path) => path.includes("/incoming/")),
      });
    } finally {
      await gateway.stop();
      await rm(objects, { recursive: true, force: true });
    }
  });

  const cephRounds = Math.ceil(rounds / 5);
  const skip = hasCeph ? false : "Ceph is not installed (ceph-mon ceph-osd radosgw)";
  test(`the gateway, radosgw, or both, ${cephRounds} times`, { skip }, async (context) => {
    const ceph = await Ceph.start();
    const { id: accessKeyId, secret: secretAccessKey } = cephKeys;
    const credentials = { accessKeyId, secretAccessKey };
    const client = new sdk.S3Client({
      endpoint: ceph.endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials,
    });
    let gateway: Gateway | undefined;
    try {
      await client.send(new sdk.CreateBucketCommand({ Bucket: "tapes" }));
      const s3 = `[store.s3]\naccess-key = "${accessKeyId}"\nsecret-key = "${secretAccessKey}"\n`;
      const store = `[store]\nurl = "s3://tapes/killed?endpoint=${ceph.endpoint}"\n`;
      gateway = await Gateway.start({ settings: `${store}${settings}${s3}` });
      await killAgainAndAgain(context, {
        gateway,
        ceph,
        rounds: cephRounds,
        puts: () => putsOf(client),
        choose: (random) => random.pick(victims),
        isMidUpload: () => hasUnfinished(client),
      });
    } finally {
      client.destroy();
      await gateway?.stop();
      await ceph.stop();
    }
  });
});

const victims: readonly Victims[] = [
  { gateway: true, radosgw: false },
  { gateway: false, radosgw: true },
  { gateway: true, radosgw: true },
];

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Of a folder: the file that makes an object an object is a new one with each put. */
async function putsIn(folder: string): Promise<Puts> {
  const puts = new Map<string, string>();
  for (const path of await filesBelow(folder)) {
    if (!path.includes("/segments/") || !path.endsWith(".meta")) continue;
    try {
      const { ino, mtimeMs } = await stat(path);
      puts.set(path, `${ino} ${mtimeMs}`);
    } catch (error) {
      // What was overwritten is deleted meanwhile.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return puts;
}

/** Of a bucket: when each object was put. */
async function putsOf(client: sdk.S3Client): Promise<Puts> {
  const puts = new Map<string, string>();
  for await (const { Contents = [] } of sdk.paginateListObjectsV2({ client }, { Bucket: "tapes" })) {
    for (const { Key = "", ETag, LastModified } of Contents) {
      if (Key.includes("/segments/")) puts.set(Key, `${ETag} ${LastModified?.toISOString()}`);
    }
  }
  return puts;
}

/** A part has come of something that has not been put yet. */
async function hasUnfinished(client: sdk.S3Client): Promise<boolean> {
  const { Uploads = [] } = await client.send(new sdk.ListMultipartUploadsCommand({ Bucket: "tapes" }));
  return Uploads.length > 0;
}
