// SPDX-License-Identifier: Apache-2.0
// The import table: which room may import which, which npm packages, and whether it may touch the world. A test,
// `tidy.test.ts`, holds every file to it. It changes only together with a record in docs/decisions.

import type { RoomTable } from "#tidy/index.ts";

/** The rooms of the house, from the ground up. */
export const rooms: RoomTable = {
  base: { imports: {}, packages: [], node: "pure" },
  codec: { imports: { base: "value" }, packages: [], node: "pure" },

  scsi: { imports: { base: "value", codec: "value" }, packages: [], node: "pure" },
  iscsi: { imports: { base: "value", codec: "value" }, packages: ["@node-rs/crc32"], node: "pure" },

  tape: { imports: { base: "value", codec: "value" }, packages: [], node: "pure" },
  library: { imports: { base: "value" }, packages: [], node: "pure" },

  device: {
    imports: { base: "value", codec: "value", scsi: "value", tape: "value", library: "value" },
    packages: [],
    node: "pure",
  },
  store: {
    imports: { base: "value", codec: "value", tape: "type" },
    packages: ["@node-rs/crc32"],
    node: "pure",
  },
  work: { imports: { base: "value" }, packages: [], node: "pure" },

  gateway: {
    imports: {
      base: "value",
      scsi: "value",
      iscsi: "value",
      device: "value",
      tape: "value",
      library: "value",
      store: "value",
      work: "value",
    },
    packages: [],
    node: "pure",
  },

  pxar: { imports: { base: "value", codec: "value" }, packages: [], node: "pure" },
  keys: { imports: { base: "value" }, packages: [], node: "pure" },
  // What is printed. Its packages are loaded when something is.
  paper: { imports: { base: "value", keys: "value" }, packages: ["bwip-js", "pdfkit"], node: "pure" },
  datastore: { imports: { base: "value", codec: "value", pxar: "value", keys: "value" }, packages: [], node: "pure" },
  format: { imports: { base: "value", codec: "value", pxar: "value" }, packages: [], node: "pure" },
  labels: { imports: { base: "value" }, packages: [], node: "pure" },
  notify: { imports: { base: "value" }, packages: [], node: "pure" },
  backup: {
    imports: {
      base: "value",
      work: "value",
      notify: "value",
      pxar: "value",
      keys: "value",
      paper: "value",
      datastore: "value",
      format: "value",
      media: "value",
      driver: "value",
    },
    packages: [],
    node: "pure",
  },
  driver: {
    imports: { base: "value", codec: "value", scsi: "value", iscsi: "value", format: "type", datastore: "type" },
    packages: [],
    node: "pure",
  },
  media: {
    imports: { base: "value", codec: "value", format: "value", keys: "value" },
    packages: [],
    node: "pure",
  },

  api: {
    imports: {
      base: "value",
      work: "value",
      gateway: "value",
      labels: "value",
      notify: "value",
      backup: "type",
    },
    packages: ["zod"],
    node: "pure",
  },
  http: { imports: { base: "value", api: "value" }, packages: ["hono"], node: "pure" },
  cli: { imports: { base: "value", api: "value" }, packages: ["commander", "cli-table3"], node: "pure" },

  // The object store port over S3. A room of its own, so that one place alone knows the SDK, and is loaded only when needed.
  s3: { imports: { base: "value", store: "value" }, packages: ["@aws-sdk/client-s3"], node: "any" },
  // S3 itself as far as we need it, on a simulated clock; what tests of the adapter talk to.
  s3sim: { imports: { base: "value" }, packages: [], node: "pure" },

  // The real adapters. As types: the rooms whose ports they implement.
  world: {
    imports: {
      base: "value",
      store: "type",
      iscsi: "type",
      work: "type",
      datastore: "type",
      pxar: "type",
      media: "type",
      notify: "type",
      s3sim: "type",
    },
    packages: ["@aws-sdk/client-kms", "pino", "prom-client", "@node-rs/crc32"],
    node: "any",
  },
  // The simulated adapters, hosts and checkers.
  sim: {
    imports: {
      base: "value",
      codec: "value",
      scsi: "value",
      iscsi: "value",
      tape: "value",
      library: "value",
      device: "value",
      store: "value",
      work: "value",
      gateway: "value",
      api: "value",
      pxar: "value",
      format: "value",
      datastore: "value",
      media: "value",
      driver: "value",
      keys: "value",
      backup: "value",
    },
    packages: [],
    node: "pure",
  },
  // The doors, and the bench, which is a door with a stopwatch: everything except sim.
  main: {
    imports: {
      base: "value",
      codec: "value",
      scsi: "value",
      iscsi: "value",
      tape: "value",
      library: "value",
      device: "value",
      store: "value",
      work: "value",
      gateway: "value",
      api: "value",
      pxar: "value",
      keys: "value",
      format: "value",
      datastore: "value",
      media: "value",
      driver: "value",
      labels: "value",
      notify: "value",
      backup: "value",
      http: "value",
      cli: "value",
      world: "value",
      s3: "value",
      s3sim: "value",
    },
    packages: ["smol-toml", "zod", "@hono/node-server"],
    node: "any",
  },
  bench: {
    imports: {
      base: "value",
      codec: "value",
      scsi: "value",
      iscsi: "value",
      tape: "value",
      library: "value",
      device: "value",
      store: "value",
      work: "value",
      gateway: "value",
      world: "value",
      main: "value",
    },
    packages: ["cli-table3"],
    node: "any",
  },

  // The house rules themselves. They read the sources as text and import no room.
  tidy: { imports: {}, packages: [], node: "pure" },
};
