// SPDX-License-Identifier: Apache-2.0
// The table of everything a user can do.

import { accessOperations } from "./access-operations.ts";
import { bandwidthOperations } from "./bandwidth-operations.ts";
import { cartridgeOperations } from "./cartridge-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { labelOperations } from "./label-operations.ts";
import { libraryOperations } from "./library-operations.ts";
import { notifyOperations } from "./notify-operations.ts";
import type { Operation } from "./operation.ts";
import { backupJobOperations } from "./backup-job-operations.ts";
import { datastoreOperations } from "./datastore-operations.ts";
import { tapeKeyOperations } from "./tape-key-operations.ts";
import { tapeCareOperations } from "./tape-care-operations.ts";
import { tapeDeviceOperations } from "./tape-device-operations.ts";
import { tapeOperations } from "./tape-operations.ts";
import { tapeSetupOperations } from "./tape-setup-operations.ts";
import { shelfOperations } from "./shelf-operations.ts";
import { storeOperations } from "./store-operations.ts";
import { systemOperations } from "./system-operations.ts";

/** All operations, in the order in which people meet them. */
export const operations: readonly Operation[] = [
  ...libraryOperations,
  ...cartridgeOperations,
  ...shelfOperations,
  ...accessOperations,
  ...storeOperations,
  ...bandwidthOperations,
  ...keyOperations,
  ...datastoreOperations,
  ...tapeSetupOperations,
  ...tapeOperations,
  ...tapeCareOperations,
  ...tapeKeyOperations,
  ...tapeDeviceOperations,
  ...backupJobOperations,
  ...notifyOperations,
  ...labelOperations,
  ...systemOperations,
];
