// SPDX-License-Identifier: Apache-2.0
// Settings from command line, environment and capstan.toml: what wins, and how mistakes are named.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { isFault } from "#base/index.ts";
import { settingsFromText } from "./settings-file.ts";
import { apiUrl, localApiUrl, readSettings, type InstanceSettings } from "./settings.ts";

async function settings(args: readonly string[], environment = {}): Promise<InstanceSettings> {
  const found = await readSettings(args, environment);
  assert.ok(found);
  return found;
}

test("told nothing: ./capstan-data, iSCSI and API on loopback, a first library", async () => {
  const found = await settings([]);
  assert.equal(found.home, resolve("capstan-data"));
  assert.deepEqual(found.portals, [{ listen: { host: "127.0.0.1", port: 3260 } }]);
  assert.deepEqual(found.api, { host: "127.0.0.1", port: 8470 });
  assert.equal(found.store, resolve("capstan-data/objects"));
  assert.equal(found.firstLibrary, true);
});

test("CAPSTAN_HOME moves the data folder, --home wins over it", async () => {
  assert.equal((await settings([], { CAPSTAN_HOME: "/a" })).home, "/a");
  assert.equal((await settings(["--home", "/b"], { CAPSTAN_HOME: "/a" })).home, "/b");
});

test("the command line wins over the file, the file over the defaults", async () => {
  const home = mkdtempSync(join(tmpdir(), "capstan-settings-"));
  writeFileSync(
    join(home, "capstan.toml"),
    `[[iscsi.portal]]
listen = "127.0.0.1:9000"
[api]
listen = "127.0.0.1:9001"
[store]
cache = "10GiB"
thaw-keep = "2d"
[log]
level = "warn"
`,
  );
  const found = await settings(["--home", home, "--iscsi", "127.0.0.1:9002", "--iscsi", "[::1]:9003"]);
  rmSync(home, { recursive: true });
  assert.deepEqual(
    found.portals.map(({ listen }) => listen),
    [
      { host: "127.0.0.1", port: 9002 },
      { host: "::1", port: 9003 },
    ],
  );
  assert.equal(found.api.port, 9001);
  assert.equal(found.cacheBytes, 10 * 1024 ** 3);
  assert.equal(found.thawKeep, 2 * 86_400_000);
  assert.equal(found.logLevel, "warn");
});

test("a whole file is understood, with paths relative to the data folder", () => {
  const found = settingsFromText(
    "capstan.toml",
    `[iscsi]
naming-authority = "iqn.2020-01.com.example"
instance = "site-a"
allow = ["iqn.1993-08.org.debian:*"]
[[iscsi.portal]]
listen = "0.0.0.0:3260"
advertise = "192.0.2.1:3260"
allow-anyone = true
[[iscsi.chap]]
initiator = "iqn.1993-08.org.debian:*"
user = "backup"
secret = "correct horse"
mutual-secret = "battery staple"
[api]
certificate = "tls/cert.pem"
key = "/etc/key.pem"
[store]
folder = "../bucket"
upload-buffer = "1TB"
upload-delay = "5m"
[store.thaw]
Expedited = "5m"
Standard = "4h"
Bulk = "12h"
`,
    "/srv/home",
  );
  assert.deepEqual(found.portals, [
    {
      listen: { host: "0.0.0.0", port: 3260 },
      advertise: { host: "192.0.2.1", port: 3260 },
      allowAnyone: true,
    },
  ]);
  assert.deepEqual(found.access, {
    allow: ["iqn.1993-08.org.debian:*"],
    chap: [
      {
        initiator: "iqn.1993-08.org.debian:*",
        user: "backup",
        secret: "correct horse",
        mutual: { secret: "battery staple" },
      },
    ],
  });
  assert.deepEqual(found.certificate, { certificate: "/srv/home/tls/cert.pem", key: "/etc/key.pem" });
  assert.equal(found.store, "/srv/bucket");
  assert.deepEqual(found.thawDelay, { Expedited: 300_000, Standard: 14_400_000, Bulk: 43_200_000 });
  assert.equal(found.uploadBufferBytes, 1e12);
  assert.equal(found.uploadDelay, 300_000);
});

const badFiles: readonly (readonly [string, RegExp])[] = [
  ["[iscsi", /line 1, column \d+: /],
  ["[api]\nlisten = 5", /api\.listen: /],
  ['[api]\nlisten = "8470"', /api\.listen: "8470" is not HOST:PORT/],
  ['[api]\nlissen = "127.0.0.1:1"', /api\.lissen: there is no such field/],
  ["[iscsi]\nportals = []", /iscsi\.portals: there is no such field/],
  ["[iscsi]\nportal = []", /iscsi\.portal: /],
  ['[api]\ncertificate = "x.pem"', /certificate and key are needed together/],
  ['[store]\ncache = "lots"', /store\.cache: "lots" is no size/],
  ['[store.thaw]\nStandard = "4h"', /store\.thaw\.Expedited: is missing/],
  ['[store]\nthaw-keep = "long"', /"long" is no span of time/],
  ['[store]\nfolder = "a"\nurl = "s3://b"', /store: folder and url exclude each other/],
  ['[store.s3]\npart-size = "1MiB"', /store\.s3\.part-size: a part is at least 5MiB/],
  ['[store.s3]\nproxy = "proxy:3128"', /store\.s3\.proxy: /],
  ['[store.label]\nICE = "cold"', /store\.label/],
  ["[store.mirrors.far]", /store\.mirrors\.far: either folder or url says where it is/],
  ['[store.mirrors.Far]\nfolder = "x"', /store\.mirrors/],
  ['[log]\nlevel = "loud"', /log\.level: /],
  ['[[iscsi.chap]]\ninitiator = "x"\nsecret = "short"', /iscsi\.chap\.0\.secret: /],
  ["surprise = 1", /surprise: there is no such field/],
  ["a = 1\na = 2", /line 2/],
];

for (const [text, expected] of badFiles) {
  test(`a file is refused with its name and place: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => settingsFromText("/home/capstan.toml", text, "/home"),
      (error) =>
        isFault(error, "main.config-bad") &&
        error.message.startsWith("/home/capstan.toml: ") &&
        expected.test(error.message),
    );
  });
}

test("stores of second copies have places, keys and labels of their own", () => {
  const text = `[store.s3]
access-key = "a"
[store.mirrors.far]
url = "s3://copies"
s3 = { access-key = "x", secret-key = "y" }
label = { GLACIER = "cold" }
[store.mirrors.near]
folder = "copies"
`;
  const { mirrors } = settingsFromText("capstan.toml", text, "/home");
  assert.deepEqual(mirrors, [
    {
      name: "far",
      store: "s3://copies",
      labelClasses: [{ storageClass: "GLACIER", place: "/home/cold" }],
      s3: { accessKey: "x", secretKey: "y" },
    },
    { name: "near", store: "/home/copies", labelClasses: [], s3: {} },
  ]);
});

test("a bucket, its keys and its labels are understood; folders are relative to the data folder", () => {
  const text = `[store]
url = "s3://tapes/north?endpoint=https://ceph.example:7480"
[store.s3]
access-key = "a"
secret-key = "b"
ca = "ceph.pem"
proxy = "http://proxy.example:3128"
part-size = "64MiB"
timeout = "2m"
[store.label]
GLACIER = "s3://cold/north"
DEEP_ARCHIVE = "deep"
`;
  const { store, s3, labelClasses } = settingsFromText("capstan.toml", text, "/home");
  assert.equal(store, "s3://tapes/north?endpoint=https://ceph.example:7480");
  assert.deepEqual(s3, {
    accessKey: "a",
    secretKey: "b",
    trust: "/home/ceph.pem",
    proxy: "http://proxy.example:3128",
    partSize: 64 * 1024 ** 2,
    timeout: 120_000,
  });
  assert.deepEqual(labelClasses, [
    { storageClass: "GLACIER", place: "s3://cold/north" },
    { storageClass: "DEEP_ARCHIVE", place: "/home/deep" },
  ]);
});

const badArgs: readonly (readonly [string, RegExp])[] = [
  ["--iscsi 3260", /--iscsi must be HOST:PORT/],
  ["--api localhost", /--api must be HOST:PORT/],
  ["--api 127.0.0.1:70000", /--api must be HOST:PORT/],
  ["--thaw soon", /--thaw must be a number of seconds/],
  ["--thaw=-1", /--thaw must be a number of seconds/],
  ["--log-level loud", /--log-level must be one of debug, info, warn, error/],
  ["--hoem x", /--hoem/],
  ["--home", /--home/],
  ["extra", /extra/],
];

for (const [line, expected] of badArgs) {
  test(`the command line is refused: ${line}`, async () => {
    await assert.rejects(
      readSettings(line.split(" "), {}),
      (error) => isFault(error, "main.usage") && expected.test(error.message) && !error.message.includes("\n"),
    );
  });
}

test("bandwidth limits are read with their schedule, and what makes no sense is named", () => {
  const text = `[store.bandwidth]
up = "20Mbit"
time-zone = "Europe/Berlin"
[[store.bandwidth.schedule]]
days = "mon-tue"
from = "08:00"
to = "17:59"
down = "1Gbit"`;
  assert.deepEqual(settingsFromText("/home/capstan.toml", text, "/home").bandwidth, {
    up: 20_000_000,
    down: undefined,
    timeZone: "Europe/Berlin",
    schedule: [{ days: ["mon", "tue"], from: "08:00", to: "17:59", down: 1_000_000_000 }],
  });
  for (const [bad, message] of [
    ['up = "20MB"', /store.bandwidth.up: "20MB" is no rate/],
    ['up = "1kbit"', /store.bandwidth: .*the smallest is 51200/],
    ['time-zone = "nowhere"', /"nowhere" is no time zone/],
  ] as const) {
    assert.throws(() => settingsFromText("/home/capstan.toml", `[store.bandwidth]\n${bad}`, "/home"), message);
  }
});

test("--help is no start", async () => {
  assert.equal(await readSettings(["--help", "--home", "/x"], {}), undefined);
});

test("--allow-anyone holds for every portal", async () => {
  const found = await settings(["--allow-anyone", "--iscsi", "0.0.0.0:3260"]);
  assert.deepEqual(found.portals, [{ listen: { host: "0.0.0.0", port: 3260 }, allowAnyone: true }]);
});

test("the API is plain HTTP on loopback and HTTPS on any other address", () => {
  assert.equal(apiUrl({ host: "127.0.0.1", port: 1 }), "http://127.0.0.1:1");
  assert.equal(apiUrl({ host: "::1", port: 1 }), "http://[::1]:1");
  assert.equal(apiUrl({ host: "0.0.0.0", port: 1 }), "https://0.0.0.0:1");
  assert.equal(localApiUrl({ host: "0.0.0.0", port: 1 }), "https://127.0.0.1:1");
  assert.equal(localApiUrl({ host: "::", port: 1 }), "https://[::1]:1");
  assert.equal(localApiUrl({ host: "127.0.0.1", port: 1 }), "http://127.0.0.1:1");
});
