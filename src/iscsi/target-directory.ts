// SPDX-License-Identifier: Apache-2.0
// Port: which targets there are, who may use them, and how initiators prove who they are. Implemented by the gateway.
// All questions are answered at once, from memory.

import type { Endpoint } from "#base/index.ts";
import type { ChapPolicy } from "./chap-policy.ts";
import type { TargetDevice } from "./scsi-task.ts";

/** Who asks, and through which portal. Names are as the initiator sent them; they are not authenticated yet. */
export interface AccessRequest {
  readonly initiatorName: string;
  /** The address the initiator reached us with. */
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** Why a target cannot be had. Each is one login status of RFC 7143 section 11.13.5. */
export type TargetRefusal =
  | "notFound"
  | "authorizationFailure"
  | "serviceUnavailable"
  | "outOfResources"
  | "targetError";

/** A target that the initiator may log in to, once authenticated. */
export interface TargetGrant {
  readonly kind: "granted";
  readonly device: TargetDevice;
  /** Text for people; sent as TargetAlias. */
  readonly alias: string | undefined;
  readonly portalGroupTag: number;
  /** Undefined: CHAP is not known here and everybody who is allowed comes in. */
  readonly chap: ChapPolicy | undefined;
  /** Sessions that this target takes at once. */
  readonly sessionsMax: number;
}

/** A target as SendTargets lists it. */
export interface TargetListing {
  readonly name: string;
  readonly alias?: string;
  readonly addresses: readonly TargetAddress[];
}

/** A portal of a target. `port` and `host` as the initiator shall dial them. */
export interface TargetAddress {
  readonly endpoint: Endpoint;
  readonly portalGroupTag: number;
}

/** Port: the targets of this process. */
export interface TargetDirectory {
  /** A login to a target. Names compare as the directory likes; iSCSI names are not case-sensitive. */
  find(
    targetName: string,
    request: AccessRequest,
  ): TargetGrant | { readonly kind: "refused"; readonly why: TargetRefusal };
  /** A discovery login. `refused`: this initiator may not even look. */
  discovery(
    request: AccessRequest,
  ): { readonly kind: "granted"; readonly chap: ChapPolicy | undefined } | { readonly kind: "refused" };
  /** The targets this initiator may see, with the addresses that it can reach them by. */
  list(request: AccessRequest): readonly TargetListing[];
}
