// SPDX-License-Identifier: Apache-2.0
// Archives of any shape come back as they were written, sequentially and by jumping; what is damaged is named.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteCollector, bytesFromText, isFault, readFully, sourceOf } from "#base/index.ts";
import { PxarDecoder } from "./decoder.ts";
import { PxarEncoder } from "./encoder.ts";
import { noAcl, plainMetadata, type PxarMetadata } from "./metadata.ts";
import { asDirectory, type ByteRange, PxarTree, type TreeDirectory } from "./tree.ts";

type Node =
  | { readonly type: "file"; readonly name: string; readonly content: Uint8Array }
  | { readonly type: "symlink"; readonly name: string; readonly target: string }
  | { readonly type: "fifo"; readonly name: string }
  | { readonly type: "device"; readonly name: string }
  | { readonly type: "directory"; readonly name: string; readonly members: readonly Node[] };

const nameArbitrary = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((name) => !/^\.{1,2}$|\/|\0/.test(name) && bytesFromText(name).byteLength < 200);

/** Ordinary objects only: they are compared with what is read. */
const record = <T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });

const { node: nodeArbitrary } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    record({
      type: fc.constant("file" as const),
      name: nameArbitrary,
      content: fc.uint8Array({ maxLength: 300 }),
    }),
    record({ type: fc.constant("symlink" as const), name: nameArbitrary, target: nameArbitrary }),
    record({ type: fc.constant("fifo" as const), name: nameArbitrary }),
    record({ type: fc.constant("device" as const), name: nameArbitrary }),
    record({
      type: fc.constant("directory" as const),
      name: nameArbitrary,
      members: fc.uniqueArray(tie("node"), { maxLength: 6, selector: (member) => member.name }),
    }),
  ),
}));
const treeArbitrary = fc.uniqueArray(nodeArbitrary, { maxLength: 8, selector: (member) => member.name });

const rich = (mode: number): PxarMetadata =>
  plainMetadata(mode, {
    uid: 1000,
    gid: 100,
    mtimeSeconds: -5n,
    mtimeNanoseconds: 7,
    flags: 3n,
    xattrs: [{ name: bytesFromText("user.a"), value: Uint8Array.of(0, 1, 2) }],
    acl: {
      ...noAcl,
      users: [{ id: 7n, permissions: 6n }],
      groupObject: 5n,
      default: { userObject: 7n, groupObject: 5n, other: 0n, mask: 0xffffffffffffffffn },
      defaultGroups: [{ id: 9n, permissions: 4n }],
    },
    fileCapabilities: Uint8Array.of(1, 0, 0, 2),
    quotaProject: 42n,
  });

async function writeNodes(encoder: PxarEncoder, nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) {
    const name = bytesFromText(node.name);
    if (node.type === "file") {
      await encoder.file(name, rich(0o100640), node.content.byteLength, sourceOf(node.content));
    } else if (node.type === "symlink") {
      await encoder.symlink(name, plainMetadata(0o120777), bytesFromText(node.target));
    } else if (node.type === "fifo") {
      await encoder.special(name, plainMetadata(0o010600));
    } else if (node.type === "device") {
      await encoder.device(name, plainMetadata(0o020600), { major: 4n, minor: 64n });
    } else {
      await encoder.directory(name, rich(0o40750));
      await writeNodes(encoder, node.members);
      await encoder.endDirectory();
    }
  }
}

interface Archive {
  readonly main: Uint8Array;
  readonly payload: Uint8Array;
}

async function write(nodes: readonly Node[], isSplit: boolean): Promise<Archive> {
  const main = new ByteCollector();
  const payload = new ByteCollector();
  const encoder = new PxarEncoder({
    sink: main.sink,
    ...(isSplit ? { payload: payload.sink, prelude: bytesFromText("*.tmp") } : {}),
  });
  await encoder.begin(rich(0o40755));
  await writeNodes(encoder, nodes);
  await encoder.endDirectory();
  assert.ok(encoder.isFinished);
  return { main: main.bytes(), payload: payload.bytes() };
}

const rangeOf = (bytes: Uint8Array): ByteRange => ({
  sizeBytes: bytes.byteLength,
  readAt: (offset, into) => {
    const part = bytes.subarray(offset, offset + into.byteLength);
    into.set(part);
    return Promise.resolve(part.byteLength);
  },
});

async function readSequentially(main: Uint8Array): Promise<readonly Node[]> {
  const decoder = new PxarDecoder(sourceOf(main), "archive");
  const stack: Node[][] = [];
  const names: string[] = [];
  let done: readonly Node[] = [];
  for (let event = await decoder.next(); event !== undefined; event = await decoder.next()) {
    if (event.kind === "end-of-directory") {
      const members = stack.pop() ?? [];
      const name = names.pop() ?? "";
      const parent = stack.at(-1);
      if (parent === undefined) done = members;
      else parent.push({ type: "directory", name, members });
      continue;
    }
    const { member } = event;
    const name = Buffer.from(member.name).toString();
    if (member.type === "directory") {
      assert.deepEqual(member.metadata, rich(stack.length === 0 ? 0o40755 : 0o40750));
      stack.push([]);
      names.push(name);
    } else if (member.type === "file") {
      const content = new Uint8Array(member.content.sizeBytes);
      assert.equal(await readFully(decoder.content, content), content.byteLength);
      assert.deepEqual(member.metadata, rich(0o100640));
      stack.at(-1)?.push({ type: "file", name, content });
    } else if (member.type === "symlink") {
      stack.at(-1)?.push({ type: "symlink", name, target: Buffer.from(member.target).toString() });
    } else {
      assert.ok(member.type !== "char-device" || member.minor === 64n);
      stack.at(-1)?.push({ type: member.type === "fifo" ? "fifo" : "device", name });
    }
  }
  return done;
}

async function readTree(tree: PxarTree, directory: TreeDirectory): Promise<readonly Node[]> {
  const nodes: Node[] = [];
  for (const place of await tree.list(directory)) {
    const { member } = place;
    const name = Buffer.from(member.name).toString();
    const found = await tree.find(directory, member.name);
    assert.equal(found?.member.start, member.start);
    const inner = asDirectory(place);
    if (inner !== undefined) nodes.push({ type: "directory", name, members: await readTree(tree, inner) });
    else if (member.type === "file") {
      const content = new Uint8Array(member.content.sizeBytes);
      assert.equal(await readFully(tree.content(member), content), content.byteLength);
      nodes.push({ type: "file", name, content });
    } else if (member.type === "symlink") {
      nodes.push({ type: "symlink", name, target: Buffer.from(member.target).toString() });
    } else nodes.push({ type: member.type === "fifo" ? "fifo" : "device", name });
  }
  return nodes;
}

test("an archive of version 1 comes back, read in order and by jumping", async () => {
  await fc.assert(
    fc.asyncProperty(treeArbitrary, async (nodes) => {
      const { main } = await write(nodes, false);
      assert.deepEqual(await readSequentially(main), nodes);
      const tree = new PxarTree(rangeOf(main), "archive");
      assert.deepEqual(await readTree(tree, await tree.root()), nodes);
    }),
    { numRuns: 60 },
  );
});

test("an archive of version 2 comes back from its two streams", async () => {
  await fc.assert(
    fc.asyncProperty(treeArbitrary, async (nodes) => {
      const { main, payload } = await write(nodes, true);
      const tree = new PxarTree(rangeOf(main), "archive", rangeOf(payload));
      assert.deepEqual(await readTree(tree, await tree.root()), nodes);
      const decoder = new PxarDecoder(sourceOf(main), "archive");
      await decoder.next();
      assert.deepEqual(decoder.prelude, bytesFromText("*.tmp"));
    }),
    { numRuns: 40 },
  );
});

test("a hard link leads to the member that it was made of", async () => {
  const out = new ByteCollector();
  const encoder = new PxarEncoder({ sink: out.sink });
  await encoder.begin(plainMetadata(0o40755));
  const content = bytesFromText("twice");
  const place = await encoder.file(bytesFromText("a"), plainMetadata(0o100644), 5, sourceOf(content));
  await encoder.directory(bytesFromText("d"), plainMetadata(0o40755));
  await encoder.hardlink(bytesFromText("b"), { place, path: bytesFromText("a") });
  await encoder.endDirectory();
  await encoder.endDirectory();
  const tree = new PxarTree(rangeOf(out.bytes()), "archive");
  const link = await tree.lookUp([bytesFromText("d"), bytesFromText("b")]);
  assert.ok(link.member.type === "hardlink");
  assert.deepEqual(link.member.path, bytesFromText("a"));
  const target = await tree.target(link.member);
  assert.ok(target.type === "file");
  const read = new Uint8Array(5);
  await readFully(tree.content(target), read);
  assert.deepEqual(read, content);
  await assert.rejects(tree.lookUp([bytesFromText("d"), bytesFromText("c")]), (error) =>
    isFault(error, "pxar.not-found"),
  );
});

test("a content of another size than announced, and a name that cannot be, are refused", async () => {
  const encoder = new PxarEncoder({ sink: () => Promise.resolve() });
  await encoder.begin(plainMetadata(0o40755));
  for (const size of [4, 6]) {
    const file = encoder.file(bytesFromText("a"), plainMetadata(0o100644), size, sourceOf(bytesFromText("fives")));
    await assert.rejects(file, (error) => isFault(error, "pxar.content-size"));
  }
  for (const name of ["", ".", "..", "a/b", "a\0b", "x".repeat(4097)]) {
    const special = encoder.special(bytesFromText(name), plainMetadata(0o010644));
    await assert.rejects(special, (error) => isFault(error, "pxar.bad-name"), name);
  }
});

test("an archive that was cut or changed is read or refused, never anything else", async () => {
  await fc.assert(
    fc.asyncProperty(treeArbitrary, fc.nat(), fc.nat(255), fc.boolean(), async (nodes, place, value, isCut) => {
      const { main } = await write(nodes, false);
      const broken = Uint8Array.from(main);
      const offset = place % main.byteLength;
      broken[offset] = value;
      const bytes = isCut ? broken.subarray(0, offset) : broken;
      const tree = new PxarTree(rangeOf(bytes), "archive");
      for (const read of [
        () => drain(bytes),
        async () => {
          await walk(tree, await tree.root(), { left: 1000 });
        },
      ]) {
        try {
          await read();
        } catch (error) {
          assert.ok(isFault(error, "pxar.damaged") || isFault(error, "codec.truncated"), String(error));
        }
      }
      if (isCut && offset < main.byteLength) {
        await assert.rejects(drain(main.subarray(0, offset)), (error) => isFault(error, "pxar.damaged"));
      }
    }),
    { numRuns: 300 },
  );
});

/** As `readTree`, without expecting anything; a damaged table may name one member many times. */
async function walk(tree: PxarTree, directory: TreeDirectory, budget: { left: number }): Promise<void> {
  for (const place of await tree.list(directory)) {
    budget.left -= 1;
    if (budget.left < 0) return;
    const inner = asDirectory(place);
    if (inner !== undefined) await walk(tree, inner, budget);
    if (place.member.type === "hardlink") await tree.target(place.member);
  }
}

async function drain(bytes: Uint8Array): Promise<void> {
  const decoder = new PxarDecoder(sourceOf(bytes), "archive");
  for (let event = await decoder.next(); event !== undefined; event = await decoder.next()) {
    if (event.kind === "member" && event.member.type === "file") {
      await readFully(decoder.content, new Uint8Array(Math.min(event.member.content.sizeBytes, 1000)));
    }
  }
}
