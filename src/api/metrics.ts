// SPDX-License-Identifier: Apache-2.0
// What the gateway counts, for monitoring systems. Names follow the conventions of Prometheus: base units, `_total`.

import { between, type Clock } from "#base/index.ts";
import type { Gateway, GatewayStatus, UnstoredView } from "#gateway/index.ts";

/** One kind of number that is measured, with its present values. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

/** All metrics of the gateway at this moment. */
export function metricFamilies(gateway: Gateway, clock: Clock): readonly MetricFamily[] {
  const status = gateway.status();
  const drives = gateway.listDrives();
  const { store } = status;
  const perDrive = (pick: (drive: (typeof drives)[number]) => number): MetricFamily["samples"] =>
    drives.map((drive) => ({ labels: { library: drive.library, drive: drive.name }, value: pick(drive) }));
  const states = Object.entries(status.cartridgesByState);
  return [
    gauge("capstan_up", "1 while the gateway is ready.", status.state === "ready" ? 1 : 0),
    gauge("capstan_fenced", "1 when another machine has taken over.", status.fenced === undefined ? 0 : 1),
    gauge("capstan_start_time_seconds", "When the gateway started.", status.startedAt / 1000),
    gauge("capstan_libraries", "Libraries.", status.libraries),
    gauge("capstan_sessions", "Initiators that are logged in.", status.sessions),
    gauge("capstan_tasks_running", "Tasks that have not ended.", status.runningTasks),
    {
      name: "capstan_cartridges",
      help: "Cartridges by state.",
      type: "gauge",
      samples: states.map(([state, value]) => ({ labels: { state }, value })),
    },
    {
      name: "capstan_drive_loaded",
      help: "1 while a cartridge is in the drive.",
      type: "gauge",
      samples: perDrive((drive) => (drive.cartridge === undefined ? 0 : 1)),
    },
    {
      name: "capstan_drive_failed",
      help: "1 while the drive needs an operator.",
      type: "gauge",
      samples: perDrive((drive) => (drive.state === "failed" ? 1 : 0)),
    },
    {
      name: "capstan_drive_written_bytes_total",
      help: "Bytes that hosts wrote.",
      type: "counter",
      samples: perDrive((drive) => drive.bytesWritten),
    },
    {
      name: "capstan_drive_read_bytes_total",
      help: "Bytes that hosts read.",
      type: "counter",
      samples: perDrive((drive) => drive.bytesRead),
    },
    gauge("capstan_upload_buffer_used_bytes", "Bytes that wait for upload.", store.uploadBufferUsed),
    gauge("capstan_upload_buffer_size_bytes", "Bytes that may wait before writers wait.", store.uploadBufferSize),
    gauge("capstan_cache_used_bytes", "Bytes of local segments.", store.cacheUsed),
    gauge("capstan_cache_size_bytes", "Bytes of evictable segments that are kept.", store.cacheSize),
    gauge("capstan_upload_lag_seconds", "How long the oldest segment has been waiting.", store.uploadLag / 1000),
    gauge("capstan_upload_buffer_used_percent", "Upload buffer in use.", store.uploadBufferPercent),
    gauge("capstan_upload_buffer_free_bytes", "Bytes until writers wait.", freeBytes(store)),
    gauge("capstan_queued_writes_bytes", "Bytes that only this machine has.", store.unstoredBytes),
    gauge("capstan_cache_used_percent", "Cache in use.", percent(store.cacheUsed, store.cacheSize)),
    gauge("capstan_cache_hit_percent", "Reads that did not need the object store, since start.", store.cacheHitPercent),
    gauge("capstan_cache_dirty_percent", "Share of the local data that is nowhere else.", store.cacheDirtyPercent),
    ...diskFamilies(store),
    ...unstoredFamilies(gateway, clock),
    {
      name: "capstan_alarm",
      help: "1 for each alarm that is on.",
      type: "gauge",
      samples: status.alarms.map(({ name, severity }) => ({ labels: { name, severity }, value: 1 })),
    },
    gauge("capstan_store_trouble", "1 while the object store fails.", store.trouble === undefined ? 0 : 1),
    ...damageFamilies(store),
    counter("capstan_uploaded_bytes_total", "Bytes uploaded to the object store.", store.uploadedBytes),
    counter("capstan_fetched_bytes_total", "Bytes fetched back from the object store.", store.fetchedBytes),
    counter("capstan_evicted_bytes_total", "Bytes evicted from the cache.", store.evictedBytes),
  ];
}

/** The disk of the data folder. */
function diskFamilies(store: GatewayStatus["store"]): readonly MetricFamily[] {
  return [
    gauge("capstan_disk_free_bytes", "Free bytes on the disk of the data folder.", store.diskFree ?? 0),
    gauge("capstan_disk_reserve_bytes", "Free bytes at which writers wait.", store.diskReserve),
  ];
}

/** Copies of segments that were not what was written. */
function damageFamilies({ damage }: GatewayStatus["store"]): readonly MetricFamily[] {
  return [
    counter("capstan_damaged_copies_total", "Damaged copies of segments that were found.", damage.found),
    counter("capstan_healed_copies_total", "Damaged copies that were made anew.", damage.healed),
    counter("capstan_lost_segments_total", "Segments damaged before their upload.", damage.lost),
    gauge("capstan_damaged_segments", "Damaged copies that are not mended yet.", damage.waiting),
  ];
}

/** What would be lost with this machine: only cartridges of which something would be. */
function unstoredFamilies(gateway: Gateway, clock: Clock): readonly MetricFamily[] {
  const unstored = gateway.listUnstored();
  const per = (name: string, help: string, pick: (each: UnstoredView) => number | undefined): MetricFamily => ({
    name: `capstan_cartridge_${name}`,
    help,
    type: "gauge",
    samples: unstored.flatMap((each) => {
      const value = pick(each);
      return value === undefined ? [] : [{ labels: { cartridge: each.barcode }, value }];
    }),
  });
  return [
    per("unstored_bytes", "Bytes that only this machine has.", ({ bytes }) => bytes),
    per("unstored_objects", "Blocks and filemarks that only this machine has.", ({ objects }) => objects),
    per("unstored_age_seconds", "How long the oldest of them has waited.", ({ age }) => age / 1000),
    per("since_recovery_point_seconds", "Since the last state that is complete in the object store.", (each) =>
      each.recoveryPointAt === undefined ? undefined : between(each.recoveryPointAt, clock.now()) / 1000,
    ),
  ];
}

const freeBytes = ({ uploadBufferUsed, uploadBufferSize }: GatewayStatus["store"]): number =>
  Math.max(uploadBufferSize - uploadBufferUsed, 0);

const percent = (part: number, whole: number): number => (whole > 0 ? (part / whole) * 100 : 0);

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "gauge", samples: [{ labels: {}, value }] };
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: "counter", samples: [{ labels: {}, value }] };
}
