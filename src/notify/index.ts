// SPDX-License-Identifier: Apache-2.0
// The public face of notify.

export * from "./faults.ts";
export { isMailAddress, mailText } from "./mail-message.ts";
export * from "./notice.ts";
export * from "./notice-desk.ts";
export { defaultTemplates, type Matcher, type NotifyConfig, type NotifyTarget } from "./notify-config.ts";
export * from "./smtp.ts";
