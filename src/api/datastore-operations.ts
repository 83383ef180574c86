// SPDX-License-Identifier: Apache-2.0
// Operations on datastores and their snapshots, without tapes.

import * as z from "zod";
import { managerOf } from "./handling.ts";
import { operation } from "./operation.ts";
import { bytes, Nothing, Task, time } from "./schemas.ts";

const storeName = z.string().describe("Name of the datastore");
const storeField = z.string().describe("Name of the datastore that is meant");
const folder = z
  .string()
  .regex(/^\//, { error: "a folder is an absolute path" })
  .describe("Absolute path of a folder on the machine of this process");
const namespace = z.string().optional().describe("Namespace such as a/b; the root when left out");
const snapshot = z.string().describe("Snapshot: [ns/a/ns/b/]type/id/time");
const archive = z.string().optional().describe("Archive in the snapshot; root.pxar.didx when left out");
const innerPath = z.string().optional().describe("Path inside of the archive; its root when left out");

const ownerField = z.string().optional().describe("Owner of a new group, root@pam when left out");
const keyFields = {
  key: z
    .string()
    .optional()
    .meta({ secret: true })
    .describe("Key of a client, as JSON or paper text, when it is encrypted"),
  passphrase: z.string().optional().meta({ secret: true }).describe("Passphrase of the key; none for a key in clear"),
};
const clientKey = (text: string | undefined, passphrase = "") =>
  text === undefined ? undefined : { text, passphrase };
const keep = (what: string) => z.int().min(0).optional().describe(`How many ${what} are kept`);

const StoreView = z.object({ name: z.string(), path: z.string() });
const SnapshotView = z.object({
  snapshot: z.string(),
  namespace: z.string(),
  time,
  isFinished: z.boolean(),
  files: z.array(z.string()),
  sizeBytes: bytes,
});
const MemberView = z.object({ name: z.string(), type: z.string(), sizeBytes: bytes.optional(), mode: z.string() });

/** What can be done with datastores. */
export const datastoreOperations = [
  operation({
    name: "datastore.create",
    kind: "change",
    permission: "admin",
    route: { method: "post", path: "/datastores" },
    summary: "Set up a datastore: a folder in Proxmox's layout, new or in use",
    input: z.strictObject({ name: storeName, path: folder }),
    output: StoreView,
    positional: ["name", "path"],
    examples: [{ title: "A new one, or one that Proxmox made", input: { name: "store1", path: "/srv/store1" } }],
    handler: async (context, input) => {
      await managerOf(context).addStore(input);
      return input;
    },
  }),
  operation({
    name: "datastore.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/datastores" },
    summary: "List the datastores",
    input: z.strictObject({}),
    output: z.array(StoreView),
    positional: [],
    examples: [{ title: "All of them", input: {} }],
    handler: (context) => managerOf(context).config.datastores,
  }),
  operation({
    name: "datastore.remove",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/datastores/{name}" },
    summary: "Forget a datastore; its folder stays as it is",
    input: z.strictObject({ name: storeField }),
    output: Nothing,
    positional: ["name"],
    examples: [{ title: "Without touching its files", input: { name: "store1" } }],
    handler: async (context, { name }) => {
      await managerOf(context).remove("datastores", name);
      return {};
    },
  }),
  operation({
    name: "datastore.verify",
    kind: "task",
    permission: "operator",
    route: { method: "post", path: "/datastores/{name}/verify" },
    summary: "Verify every snapshot of a datastore, chunk by chunk",
    input: z.strictObject({ name: storeField }),
    output: Task,
    positional: ["name"],
    examples: [{ title: "All snapshots", input: { name: "store1" } }],
    handler: (context, { name }, caller) => managerOf(context).stores.verify(name, caller.name),
  }),
  operation({
    name: "datastore.prune",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/datastores/{name}/prune" },
    summary: "Remove the snapshots that no rule keeps, group by group",
    description:
      "Rules are those of Proxmox; periods are those of UTC. Without any rule nothing is removed, and protected snapshots never are. " +
      "Chunks stay until they are collected.",
    input: z.strictObject({
      name: storeField,
      namespace,
      maxDepth: z.int().min(0).max(7).optional().describe("Levels of namespaces below it"),
      keepLast: keep("last snapshots"),
      keepHourly: keep("hours"),
      keepDaily: keep("days"),
      keepWeekly: keep("weeks"),
      keepMonthly: keep("months"),
      keepYearly: keep("years"),
      dryRun: z.boolean().optional().describe("Only say which would be removed"),
    }),
    output: Task,
    positional: ["name"],
    examples: [{ title: "A week of days, and four weeks", input: { name: "store1", keepDaily: 7, keepWeekly: 4 } }],
    handler: (context, { name, namespace: inner = "", maxDepth, dryRun, ...rest }, caller) => {
      const rules = {
        last: rest.keepLast ?? 0,
        hourly: rest.keepHourly ?? 0,
        daily: rest.keepDaily ?? 0,
        weekly: rest.keepWeekly ?? 0,
        monthly: rest.keepMonthly ?? 0,
        yearly: rest.keepYearly ?? 0,
      };
      const how = { namespace: inner, depth: maxDepth, rules, isTrial: dryRun === true };
      return managerOf(context).stores.prune(name, how, caller.name);
    },
  }),
  operation({
    name: "datastore.collect",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/datastores/{name}/collect" },
    summary: "Remove the chunks of a datastore that nothing refers to (garbage collection)",
    description:
      "Only for datastores that nobody else writes at the same time: the locks of a Proxmox server are not taken.",
    input: z.strictObject({ name: storeField }),
    output: Task,
    positional: ["name"],
    examples: [{ title: "Chunks that were not used for a day", input: { name: "store1" } }],
    handler: (context, { name }, caller) => managerOf(context).stores.collect(name, caller.name),
  }),
  operation({
    name: "snapshot.create",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/datastores/{store}/snapshots" },
    summary: "Make a snapshot of a directory",
    input: z.strictObject({
      store: storeField,
      source: folder,
      id: z.string().describe("Backup id: the name of the group host/ID"),
      namespace,
      owner: ownerField,
      ...keyFields,
    }),
    output: Task,
    positional: ["store", "source", "id"],
    examples: [{ title: "The home folders of this machine", input: { store: "store1", source: "/home", id: "homes" } }],
    handler: (context, { store, source, id, namespace: inner, owner, key, passphrase }, caller) => {
      const wanted = { store, source, id, namespace: inner, owner, encryption: clientKey(key, passphrase) };
      return managerOf(context).stores.createSnapshot(wanted, caller.name);
    },
  }),
  operation({
    name: "snapshot.create-image",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/datastores/{store}/images" },
    summary: "Make a snapshot of an image, such as that of a disk",
    description: "Images are cut into chunks of 4 MiB, as Proxmox cuts them, so that images of both share chunks.",
    input: z.strictObject({
      store: storeField,
      source: z
        .string()
        .regex(/^\//, { error: "a file is an absolute path" })
        .describe("Absolute path of a file on the machine of this process"),
      id: z.string().describe("Backup id: the name of the group host/ID"),
      image: z.string().optional().describe("Name of the image in the snapshot, disk when left out"),
      namespace,
      owner: ownerField,
      ...keyFields,
    }),
    output: Task,
    positional: ["store", "source", "id"],
    examples: [{ title: "A disk", input: { store: "store1", source: "/srv/images/web.raw", id: "web" } }],
    handler: (context, { store, source, id, image = "disk", namespace: inner, owner, key, passphrase }, caller) => {
      const wanted = { store, source, id, name: image, namespace: inner, owner };
      const { stores } = managerOf(context);
      return stores.createImage({ ...wanted, encryption: clientKey(key, passphrase) }, caller.name);
    },
  }),
  operation({
    name: "snapshot.forget",
    kind: "change",
    permission: "admin",
    route: { method: "delete", path: "/datastores/{store}/snapshots" },
    summary: "Remove a snapshot; its chunks stay until they are collected",
    input: z.strictObject({ store: storeField, snapshot }),
    output: Nothing,
    positional: ["store", "snapshot"],
    examples: [{ title: "One of them", input: { store: "store1", snapshot: "host/homes/2026-11-27T12:00:00Z" } }],
    handler: async (context, { store, snapshot: place }) => {
      await managerOf(context).stores.forget(store, place);
      return {};
    },
  }),
  operation({
    name: "snapshot.list",
    kind: "query",
    permission: "viewer",
    route: { method: "get", path: "/datastores/{store}/snapshots" },
    summary: "List the snapshots of a datastore",
    input: z.strictObject({ store: storeField, namespace }),
    output: z.array(SnapshotView),
    positional: ["store"],
    columns: ["snapshot", "time", "isFinished", "sizeBytes", "files"],
    examples: [{ title: "All namespaces", input: { store: "store1" } }],
    handler: (context, input) => managerOf(context).stores.snapshots(input.store, input.namespace),
  }),
  operation({
    name: "snapshot.browse",
    kind: "query",
    permission: "operator",
    route: { method: "get", path: "/datastores/{store}/browse" },
    summary: "List a directory inside of a snapshot",
    input: z.strictObject({ store: storeField, snapshot, path: innerPath, archive }),
    output: z.array(MemberView),
    positional: ["store", "snapshot", "path"],
    examples: [
      { title: "The root", input: { store: "store1", snapshot: "host/homes/2026-11-27T12:00:00Z" } },
      { title: "A directory", input: { store: "store1", snapshot: "host/homes/2026-11-27T12:00:00Z", path: "ada" } },
    ],
    handler: (context, { store, snapshot: place, archive: file, path }) =>
      managerOf(context).stores.browse({ store, snapshot: place, archive: file, path }),
  }),
  operation({
    name: "snapshot.extract",
    kind: "task",
    permission: "admin",
    route: { method: "post", path: "/datastores/{store}/extract" },
    summary: "Restore a file or directory of a snapshot into a folder",
    description: "Nothing that is in the folder is overwritten: a name that exists ends the task.",
    input: z.strictObject({ store: storeField, snapshot, target: folder, path: innerPath, archive, ...keyFields }),
    output: Task,
    positional: ["store", "snapshot", "target", "path"],
    examples: [
      {
        title: "Everything",
        input: { store: "store1", snapshot: "host/homes/2026-11-27T12:00:00Z", target: "/tmp/restored" },
      },
    ],
    handler: (context, { store, snapshot: place, archive: file, path, target, key, passphrase }, caller) => {
      const at = { store, snapshot: place, archive: file, path, encryption: clientKey(key, passphrase) };
      return managerOf(context).stores.extract(at, target, caller.name);
    },
  }),
] as const;
