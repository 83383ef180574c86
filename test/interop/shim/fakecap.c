// SPDX-License-Identifier: Apache-2.0
// Lets libiscsi's iscsi-test-cu start on a unit that is no disk: answers its READ CAPACITY locally, by LD_PRELOAD.
//   gcc -shared -fPIC -o fakecap.so fakecap.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <stdio.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
struct scsi_task *iscsi_scsi_command_sync(struct iscsi_context *c, int lun, struct scsi_task *t, struct iscsi_data *d)
{
	static struct scsi_task *(*real)(struct iscsi_context *, int, struct scsi_task *, struct iscsi_data *);
	if (!real) real = dlsym(RTLD_NEXT, "iscsi_scsi_command_sync");
	if (t->cdb[0] == 0x25) {
		t->datain.data = calloc(1, 8); t->datain.size = 8;
		t->datain.data[2] = 0x08; t->datain.data[6] = 0x02;   /* 512K blocks of 512 */
		t->status = SCSI_STATUS_GOOD; t->residual_status = SCSI_RESIDUAL_NO_RESIDUAL;
		return t;
	}
	if (t->cdb[0] == 0x9e && (t->cdb[1] & 0x1f) == 0x10) {
		t->datain.data = calloc(1, 32); t->datain.size = 32;
		t->datain.data[5] = 0x08; t->datain.data[10] = 0x02;
		t->status = SCSI_STATUS_GOOD; t->residual_status = SCSI_RESIDUAL_NO_RESIDUAL;
		return t;
	}
	return real(c, lun, t, d);
}
