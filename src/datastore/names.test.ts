// SPDX-License-Identifier: Apache-2.0
// Names, paths and their order.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { EpochSeconds } from "#base/index.ts";
import { isFault } from "#base/index.ts";
import {
  compareGroups,
  namespacePath,
  namespaceText,
  parseGroup,
  parseNamespace,
  parseSnapshotPath,
  parseSnapshotTime,
  snapshotPath,
  type BackupGroup,
} from "./names.ts";

const time = 1_700_000_000 as EpochSeconds;

test("a snapshot and its path lead to each other, with namespaces and without", () => {
  const snapshot = { type: "vm" as const, id: "100", time };
  for (const [namespace, path] of [
    [[], "vm/100/2023-11-14T22:13:20Z"],
    [["foo", "bar"], "ns/foo/ns/bar/vm/100/2023-11-14T22:13:20Z"],
  ] as const) {
    assert.equal(snapshotPath(namespace, snapshot), path);
    assert.deepEqual(parseSnapshotPath(path), { namespace, snapshot });
  }
});

test("what is no path of a snapshot is none", () => {
  for (const path of [
    "",
    "vm/100",
    "vm/100/2023-11-14T22:13:20",
    "vm/100/2023-02-30T22:13:20Z",
    "vm/../2023-11-14T22:13:20Z",
    "xx/100/2023-11-14T22:13:20Z",
    "vm/100/2023-11-14T22:13:20Z/x",
    "ns/vm/100/2023-11-14T22:13:20Z",
    `${"ns/a/".repeat(8)}vm/100/2023-11-14T22:13:20Z`,
    "vm/100/1970-01-01T00:00:00Z",
  ]) {
    assert.equal(parseSnapshotPath(path), undefined, path);
  }
  assert.equal(parseSnapshotTime("1970-01-01T00:00:01Z"), 1);
  assert.equal(parseGroup("vm/.x"), undefined);
});

test("namespaces are read and written, seven levels deep at most", () => {
  const namespace = parseNamespace("a/b");
  assert.equal(namespaceText(namespace), "a/b");
  assert.equal(namespacePath(namespace), "ns/a/ns/b");
  assert.deepEqual(parseNamespace(""), []);
  for (const text of ["/", "a//b", "a/..", "1/2/3/4/5/6/7/8", "ä"]) {
    assert.throws(
      () => parseNamespace(text),
      (error) => isFault(error, "datastore.bad-name"),
      text,
    );
  }
});

test("groups are ordered by type, then numbers by value, then texts", () => {
  const texts = ["host/b", "vm/9", "ct/100", "vm/100", "host/a", "vm/9a", "host/10", "ct/9"];
  const groups = texts.flatMap((text): BackupGroup[] => {
    const group = parseGroup(text);
    return group === undefined ? [] : [group];
  });
  assert.deepEqual(
    groups.toSorted(compareGroups).map(({ type, id }) => `${type}/${id}`),
    ["ct/9", "ct/100", "host/10", "host/a", "host/b", "vm/9", "vm/100", "vm/9a"],
  );
});
