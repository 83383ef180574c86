// SPDX-License-Identifier: Apache-2.0
// The time zone that this machine is set to: that of schedules, where nothing else is configured.

/** Its IANA name. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}
