// SPDX-License-Identifier: Apache-2.0
// Faults of the doors: what can be wrong with the start, the command line and the demonstration.

import { faultsOf } from "#base/index.ts";

/** Faults of this room. */
export const mainFault = faultsOf("main", {
  "file-changed": {
    text: "{path} changed its size while it was read; run again when nobody writes to it",
    retry: "backoff",
    http: 409,
    exit: 1,
  },
  "bad-folder": { text: "{folder} cannot be read: {reason}", retry: "operator", http: 400, exit: 2 },
  "no-home": {
    text: "{home} is no data folder of Capstan; name one with --home",
    retry: "never",
    http: 404,
    exit: 3,
  },
  "doctor-found": {
    text: "{count} findings in {home} need somebody",
    retry: "operator",
    http: 500,
    exit: 8,
  },
  "home-in-use": {
    text: "{home} holds a gateway already; recover into another folder, or see what is wrong with it: capstan doctor",
    retry: "never",
    http: 409,
    exit: 4,
  },
  "no-room": {
    text: "{folder} has {free} free, {needed} are needed; name a roomier place with --work",
    retry: "operator",
    http: 507,
    exit: 7,
  },
  "demo-command": { text: "{command} was answered with {answer}", retry: "never", http: 500, exit: 1 },
  "demo-failed": { text: "the demonstration failed: {reason}", retry: "never", http: 500, exit: 1 },
  usage: { text: "{reason}; see --help", retry: "never", http: 400, exit: 2 },
  "config-bad": { text: "{file}: {problems}", retry: "operator", http: 500, exit: 2 },
  "tape-file-missing": { text: "{name} has no tape file {file}", retry: "never", http: 404, exit: 3 },
  "key-setting": {
    text: "the key provider {provider} is not set up: see [store.encryption] in docs/CONFIGURATION.md",
    retry: "operator",
    http: 500,
    exit: 2,
  },
  "not-running": {
    text: "no Capstan runs on the data folder {home}; start it there, or name a running one with --home or --api",
    retry: "operator",
    http: 503,
    exit: 6,
  },
  "no-token": {
    text: "there is no API token: {home} has no admin-token; give one with --token or CAPSTAN_TOKEN",
    retry: "operator",
    http: 401,
    exit: 5,
  },
  "bad-address": {
    text: "{address} is no address of an API; write https://HOST:PORT",
    retry: "never",
    http: 400,
    exit: 2,
  },
  "s3-keys": {
    text: "[store.s3] needs access-key and secret-key together, or neither",
    retry: "operator",
    http: 500,
    exit: 2,
  },
  "places-overlap": {
    text: "the object stores {one} and {other} overlap; give each a bucket, prefix or folder of its own",
    retry: "operator",
    http: 500,
    exit: 2,
  },
  "package-missing": {
    text: "the package {package} is not installed; run: npm ci --prefix {package} --omit=dev",
    retry: "operator",
    http: 500,
    exit: 2,
  },
  "place-bad": { text: "{place} is no object store: {reason}", retry: "operator", http: 500, exit: 2 },
  "tar-damaged": { text: "the tar stream is damaged: {reason}", retry: "never", http: 500, exit: 8 },
});
