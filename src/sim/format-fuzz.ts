// SPDX-License-Identifier: Apache-2.0
// Throws changed bytes and texts at every parser of the manager: tape files, catalogs, indexes, manifests, blobs, archives, keys,
// inventories and the small languages. Each of them reads what it gets or refuses it with a Fault; anything else is a bug.

import {
  asError,
  bytesFromText,
  type EpochSeconds,
  isFault,
  isJsonArray,
  isJsonObject,
  type Json,
  newUuid,
  parseJson,
  prettyJson,
  readFully,
  sourceOf,
  type Uuid,
} from "#base/index.ts";
import { parseGroupFilter, parseStoreMap, parseWanted } from "#backup/index.ts";
import {
  catalogChunks,
  checkBlob,
  Datastore,
  decodeBlob,
  decodeManifest,
  encodeBlob,
  openIndex,
  parseNamespace,
  parseSnapshotPath,
  readWhole,
  SnapshotWriter,
} from "#datastore/index.ts";
import {
  catalogNameOf,
  ChunkFileReader,
  ChunkFileWriter,
  openTapeFile,
  readLabels,
  SnapshotFileReader,
  type TapeReader,
  writeCartridgeLabel,
  writeCatalogFile,
  writeSetLabel,
  writeSnapshotFile,
} from "#format/index.ts";
import { keyConfigJson, keyConfigOf, KeyRing, openKey, paperKeyText, parseKeyText, protectKey } from "#keys/index.ts";
import {
  CartridgeCatalog,
  Inventory,
  nextEvent,
  parseAllocation,
  parseCalendarEvent,
  parseTimeSpan,
  readCatalogAsFar,
  utcZone,
} from "#media/index.ts";
import { CatalogReader, CatalogWriter, plainMetadata, PxarDecoder, PxarEncoder, PxarTree } from "#pxar/index.ts";
import { SimClock } from "./clock.ts";
import { SeededRandom } from "./random.ts";
import { SimFiles } from "./store-files.ts";
import { SimTapeDrive, SimCartridge } from "./tape-cartridge.ts";

/** A parser with inputs that it takes. */
export interface FuzzedParser {
  readonly corpus: readonly Uint8Array[];
  /** Bytes from the beginning in which changes are made; what is behind is filler. */
  readonly reach?: number;
  /** It reads text: most changes leave it one. */
  readonly isText?: boolean;
  parse(bytes: Uint8Array): unknown;
}

/** What an input that harmed was. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

/** Bytes and numbers that parsers stumble over. */
const nasty: readonly (readonly number[])[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 0, 0, 0, 0x80],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0, 0, 0, 0, 0, 0, 0x20, 0],
];

/** Changes a copy here and there. */
export function mutated(bytes: Uint8Array, random: SeededRandom, reach = bytes.byteLength): Uint8Array {
  let copy = new Uint8Array(bytes);
  for (let count = random.between(1, 4); count > 0; count--) {
    if (copy.byteLength === 0) return copy;
    const at = random.below(Math.min(copy.byteLength, reach));
    switch (random.below(6)) {
      case 0:
        copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        copy[at] = random.below(256);
        break;
      case 2:
        copy.set(random.pick(nasty).slice(0, copy.byteLength - at), at);
        break;
      case 3:
        if (reach >= bytes.byteLength) copy = copy.slice(0, at);
        break;
      case 4: {
        const from = random.below(Math.min(copy.byteLength, reach));
        copy.copyWithin(at, from, from + random.between(1, 64));
        break;
      }
      default:
        copy.set(random.bytes(Math.min(random.between(1, 16), copy.byteLength - at)), at);
    }
  }
  return copy;
}

/** What texts are made of, and what parsers of texts stumble over. */
const words = [
  ...'0123456789{}[]":,.-/*~; azTZ+_\\\n'.split(""),
  "null",
  "true",
  "-1",
  "1e999",
  "99999999999999999999",
  "__proto__",
  "\u0000",
  "é",
  "..",
];

/** Changes a text here and there. */
function mutatedText(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  let text = textOf(bytes);
  for (let count = random.between(1, 3); count > 0; count--) {
    const at = random.below(text.length + 1);
    const [before, after] = [text.slice(0, at), text.slice(at)];
    const length = random.between(1, 8);
    switch (random.below(5)) {
      case 0:
        text = before + random.pick(words) + after;
        break;
      case 1:
        text = before + random.pick(words) + after.slice(1);
        break;
      case 2:
        text = before + after.slice(length);
        break;
      case 3:
        text = before + before.slice(-length) + after;
        break;
      default:
        text = after.replace(/[^,;]*/, "") === "" ? before : text.replace(/\d+/, random.pick(words));
    }
  }
  return bytesFromText(text.replaceAll(/[\ud800-\udfff]/g, "?"));
}

/** What nobody expects in a place. */
const oddValues: readonly Json[] = [null, true, -1, 0, 0.5, 1e300, 2 ** 53, "", "x", "00", "a\u0000b", [], {}, [[]]];

/** Replaces or removes one or two values in JSON; undefined when it is none. */
function mutatedJson(bytes: Uint8Array, random: SeededRandom): Uint8Array | undefined {
  let value = parseJson(textOf(bytes));
  if (value === undefined) return undefined;
  const change = (inner: Json, depth: number): Json => {
    if (depth > 0 && (random.chance(0.3) || inner === null || typeof inner !== "object")) return random.pick(oddValues);
    if (isJsonArray(inner)) {
      const at = random.below(inner.length + 1);
      return inner.map((item, index) => (index === at ? change(item, depth + 1) : item));
    }
    if (!isJsonObject(inner)) return inner;
    const entries = Object.entries(inner);
    const at = random.below(entries.length + 1);
    if (random.chance(0.1)) entries.splice(at, 1);
    const changed = entries.map(([key, item], index) => [key, index === at ? change(item, depth + 1) : item] as const);
    return Object.fromEntries(changed);
  };
  for (let count = random.between(1, 2); count > 0; count--) value = change(value, 0);
  return bytesFromText(JSON.stringify(value));
}

/** Throws `count` inputs at a parser. Fault-free or refused by name, or FuzzFailure with the input. */
export async function fuzzParser(
  name: string,
  parser: FuzzedParser,
  run: { readonly count: number; readonly seed: number },
): Promise<number> {
  const random = new SeededRandom(`${name} ${run.seed}`);
  let refused = 0;
  for (let number = 0; number < run.count; number++) {
    const valid = random.pick(parser.corpus);
    const isText = parser.isText === true && random.chance(0.9);
    const asJson = isText && random.chance(0.6) ? mutatedJson(valid, random) : undefined;
    const bytes = asJson ?? (isText ? mutatedText(valid, random) : mutated(valid, random, parser.reach));
    try {
      await parser.parse(bytes);
    } catch (error) {
      if (!isFault(error)) {
        const input = Buffer.from(bytes.subarray(0, parser.reach ?? 2000)).toString("hex");
        throw new FuzzFailure(`${name}, input ${number} of seed ${run.seed}: ${asError(error).stack}\n${input}`);
      }
      refused += 1;
    }
  }
  return refused;
}

const what = "a fuzzed thing";
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const texts = (...lines: readonly string[]): readonly Uint8Array[] => lines.map(bytesFromText);
const rangeOf = (bytes: Uint8Array) => ({
  sizeBytes: bytes.byteLength,
  readAt: (offset: number, into: Uint8Array): Promise<number> => {
    const part = bytes.subarray(offset, offset + into.byteLength);
    into.set(part);
    return Promise.resolve(part.byteLength);
  },
});

/** One block of tape, then a filemark. */
function tapeOf(block: Uint8Array): TapeReader {
  let isRead = false;
  return {
    readBlock: (into) => {
      if (isRead) return Promise.resolve("filemark");
      isRead = true;
      into.set(block);
      return Promise.resolve("block");
    },
  };
}

/** All parsers with a corpus that our own writers made. */
export async function fuzzedParsers(): Promise<Readonly<Record<string, FuzzedParser>>> {
  const random = new SeededRandom("corpus");
  return {
    ...(await tapeParsers(random)),
    ...(await storeParsers(random)),
    ...(await archiveParsers(random)),
    ...textParsers(random),
  };
}

async function tapeParsers(random: SeededRandom): Promise<Record<string, FuzzedParser>> {
  const drive = new SimTapeDrive(new SimCartridge());
  const identity = { uuid: newUuid(random), ctime: 1_767_225_600 as EpochSeconds };
  const [cartridge, set] = [newUuid(random), newUuid(random)];
  await writeCartridgeLabel(drive, identity, { uuid: cartridge, labelText: "T1", ctime: identity.ctime, pool: "p" });
  await writeSetLabel(drive, identity, { pool: "p", uuid: set, setIndex: 0, ctime: identity.ctime, key: undefined });
  const chunks = await ChunkFileWriter.begin(drive, identity, "store");
  for (let count = 0; count < 3; count++) {
    await chunks.write({ digest: random.bytes(32), blob: encodeBlob(random.bytes(100), { isCompressed: false }) });
  }
  await chunks.finish();
  const catalog = catalogOf(random, cartridge, set);
  const file = {
    name: "index.json.blob",
    metadata: plainMetadata(0o100644),
    sizeBytes: 40,
    open: () => Promise.resolve(sourceOf(random.bytes(40))),
  };
  await writeSnapshotFile(drive, identity, { store: "store", snapshot: "host/a/2026-01-01T00:00:00Z" }, [file]);
  const about = { cartridge, set, setIndex: 0, hasNamespaces: true };
  await writeCatalogFile(drive, identity, { ...about, body: sourceOf(catalog) });
  const blocks = (drive.cartridge?.objects ?? []).flatMap((object) => (object === "filemark" ? [] : [object.block]));
  return {
    labels: { corpus: blocks.slice(0, 2), reach: 500, parse: (block) => readLabels(tapeOf(block)) },
    "tape files": { corpus: blocks.slice(2), reach: 900, parse: readTapeFile },
    catalogs: { corpus: [catalog], parse: (bytes) => readCatalogAsFar(sourceOf(bytes), what) },
  };
}

function catalogOf(random: SeededRandom, cartridge: Uuid, set: Uuid): Uint8Array {
  const catalog = new CartridgeCatalog(cartridge, { uuid: set, setIndex: 0 });
  const parts = [
    catalog.start,
    catalog.addArchive({ fileNumber: 2, uuid: newUuid(random) }, "store", [random.bytes(32), random.bytes(32)]),
    catalog.addSnapshot({ fileNumber: 3, uuid: newUuid(random), store: "store", path: "host/a/2026-01-01T00:00:00Z" }),
  ];
  return new Uint8Array(Buffer.concat(parts));
}

async function readTapeFile(block: Uint8Array): Promise<void> {
  const file = await openTapeFile(tapeOf(block), what);
  if (typeof file === "string") return;
  if (file.kind === "chunk-file") {
    const reader = new ChunkFileReader(file, what);
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) checkBlob(chunk.blob, what);
  } else if (file.kind === "snapshot-file") {
    const reader = new SnapshotFileReader(file, what);
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      await readFully(entry.content, new Uint8Array(Math.min(entry.sizeBytes, 1000)));
    }
  } else if (file.kind === "catalog-file") {
    catalogNameOf(file, what);
    await readCatalogAsFar(file.body, what);
  }
}

async function storeParsers(random: SeededRandom): Promise<Record<string, FuzzedParser>> {
  const clock = new SimClock();
  const store = new Datastore("store", new SimFiles(clock));
  const snapshot = { type: "host" as const, id: "a", time: 1_767_225_600 as EpochSeconds };
  const writer = await SnapshotWriter.begin({
    store,
    place: { namespace: [], snapshot },
    owner: "root@pam",
    clock,
    random,
  });
  const archive = await writer.dynamicFile("root.pxar.didx", catalogChunks);
  await archive.sink(random.bytes(700_000));
  await archive.finish();
  await writer.fixedFile("disk.img.fidx", sourceOf(random.bytes(10_000)), 10_000);
  await writer.finish();
  const folder = "host/a/2026-01-01T00:00:00Z";
  const read = (name: string): Promise<Uint8Array> => readWhole(store.files, `${folder}/${name}`, 1_000_000);
  const indexes = [await read("root.pxar.didx"), await read("disk.img.fidx")];
  const data = bytesFromText("compressible ".repeat(20));
  const key = random.bytes(32);
  const blobs = [
    encodeBlob(data, { isCompressed: false }),
    encodeBlob(data, { isCompressed: true }),
    encodeBlob(data, { isCompressed: true, encryption: { key, iv: random.bytes(16) } }),
  ];
  return {
    indexes: {
      corpus: indexes,
      parse: async (bytes) => {
        const index = await openIndex(rangeOf(bytes), what);
        for (let number = 0; number < Math.min(index.chunkCount, 20); number++) await index.chunk(number);
        if (index.sizeBytes > 0) await index.find(index.sizeBytes - 1);
      },
    },
    manifests: { corpus: [await read("index.json.blob")], parse: (bytes) => decodeManifest(bytes, what) },
    // The checksum hides what is behind it: the content is tried with a right one, too.
    "manifest texts": {
      isText: true,
      corpus: [decodeBlob(await read("index.json.blob"), { what })],
      parse: (bytes) => decodeManifest(encodeBlob(bytes, { isCompressed: false }), what),
    },
    blobs: { corpus: blobs, parse: (bytes) => decodeBlob(bytes, { what, key }) },
  };
}

async function archiveParsers(random: SeededRandom): Promise<Record<string, FuzzedParser>> {
  const parts: Uint8Array[] = [];
  const sink = (bytes: Uint8Array): Promise<void> => Promise.resolve(void parts.push(bytes.slice()));
  const encoder = new PxarEncoder({ sink });
  await encoder.begin(plainMetadata(0o40755));
  await encoder.directory(bytesFromText("inner"), plainMetadata(0o40755));
  await encoder.file(bytesFromText("file"), plainMetadata(0o100644), 100, sourceOf(random.bytes(100)));
  await encoder.endDirectory();
  await encoder.symlink(bytesFromText("link"), plainMetadata(0o120777), bytesFromText("inner/file"));
  await encoder.device(bytesFromText("zero"), plainMetadata(0o20666), { major: 1n, minor: 5n });
  await encoder.endDirectory();
  const archive = new Uint8Array(Buffer.concat(parts.splice(0)));
  const catalog = new CatalogWriter(sink);
  await catalog.begin();
  catalog.beginDirectory(bytesFromText("root.pxar.didx"));
  catalog.addFile(bytesFromText("file"), { sizeBytes: 100n, mtime: 5n });
  catalog.add("symlink", bytesFromText("link"));
  await catalog.endDirectory();
  await catalog.finish();
  return {
    archives: {
      corpus: [archive],
      parse: async (bytes) => {
        const decoder = new PxarDecoder(sourceOf(bytes), what);
        for (let event = await decoder.next(); event !== undefined; event = await decoder.next());
      },
    },
    "archive trees": {
      corpus: [archive],
      parse: async (bytes) => {
        const tree = new PxarTree(rangeOf(bytes), what);
        const found = await tree.list(await tree.root());
        await tree.lookUp([bytesFromText("inner"), bytesFromText("file")]);
        return found;
      },
    },
    "snapshot catalogs": {
      corpus: [new Uint8Array(Buffer.concat(parts))],
      parse: async (bytes) => {
        const reader = new CatalogReader(rangeOf(bytes), what);
        return reader.list(await reader.rootBlock());
      },
    },
  };
}

function textParsers(random: SeededRandom): Record<string, FuzzedParser> {
  const created = "2026-01-01T00:00:00+00:00";
  const how = { random, created, modified: created, hint: "h", passphrase: "secret" };
  const config = protectKey(random.bytes(32), { ...how, kind: "pbkdf2" });
  const label = { uuid: newUuid(random), labelText: "T1", ctime: 5 as EpochSeconds, pool: "p" };
  const inventory = new Inventory().withLabels({ label, set: { ...label, pool: "p", setIndex: 0, key: undefined } });
  const clear = { ...config, derivation: undefined, data: random.bytes(32), fingerprint: undefined };
  const parsers: Record<string, Omit<FuzzedParser, "isText">> = {
    keys: {
      corpus: texts(prettyJson(keyConfigJson(config))),
      parse: (bytes) => keyConfigOf(JSON.parse(safeJson(bytes))),
    },
    "paper keys": {
      corpus: texts(paperKeyText(config, "s"), paperKeyText(clear)),
      parse: (bytes) => {
        const read = parseKeyText(textOf(bytes));
        if (read.derivation === undefined) openKey(read, "");
      },
    },
    "key files": {
      corpus: texts(new KeyRing().with(random.bytes(32), config, { mayReplace: true }).configsText()),
      parse: (bytes) => KeyRing.parse({ keys: undefined, configs: textOf(bytes) }),
    },
    inventories: { corpus: texts(inventory.text()), parse: (bytes) => Inventory.parse(textOf(bytes)).text() },
    "calendar events": {
      corpus: texts("mon..fri 2026-*-1..7/2 0/2:30:15", "daily", "sat *-1..7 02:00", "*:0/30", "2026-02-30 UTC"),
      parse: (bytes) => nextEvent(parseCalendarEvent(textOf(bytes)), 1_767_225_600 as EpochSeconds, utcZone),
    },
    "time spans": {
      corpus: texts("1y 12month", "300ms20s 5day", "2 weeks"),
      parse: (bytes) => parseTimeSpan(textOf(bytes)),
    },
    policies: { corpus: texts("continue", "always", "daily"), parse: (bytes) => parseAllocation(textOf(bytes)) },
    "group filters": {
      corpus: texts("exclude:group:host/other", "regex:^host/", "type:vm"),
      parse: (bytes) => parseGroupFilter(textOf(bytes)),
    },
    "store maps": { corpus: texts("a=b,c=d,e"), parse: (bytes) => parseStoreMap(textOf(bytes)) },
    "names of snapshots": {
      corpus: texts("s:ns/a/ns/b/host/x/2026-01-01T00:00:00Z", "host/x/2026-01-01T00:00:00Z"),
      parse: (bytes) => {
        parseSnapshotPath(textOf(bytes));
        return parseWanted(textOf(bytes));
      },
    },
    namespaces: { corpus: texts("a/b/c", ""), parse: (bytes) => parseNamespace(textOf(bytes)) },
  };
  return Object.fromEntries(Object.entries(parsers).map(([name, parser]) => [name, { ...parser, isText: true }]));
}

/** The text when it is JSON, else an empty object: this parser is given JSON. */
function safeJson(bytes: Uint8Array): string {
  try {
    return JSON.stringify(JSON.parse(textOf(bytes)));
  } catch {
    // No JSON is what most changes make of it.
    return "{}";
  }
}
