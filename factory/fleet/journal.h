/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs that last, and what a run that is begun again need not make again.
 *
 * A file takes its name in one step. Its row is noted in the journal only after the file system has it for good, many
 * at a time, so that a power cut leaves at worst some files that are made again.
 */
#ifndef KM_FLEET_JOURNAL_H
#define KM_FLEET_JOURNAL_H

#include <sys/types.h>

#include "common/km_bytes.h"

struct km_journal;

/* km_journal_open: reads it, or begins a new one. KM_E_BUSY: another run has it. path NULL: none is kept. Returns owned. */
km_status km_journal_open(struct km_err *err, const char *path, struct km_journal **ret);
/* km_journal_close: notes what is made so far; the journal is freed in any case. */
km_status km_journal_close(struct km_err *err, struct km_journal *journal);
/* km_journal_has: whether this row's files are made, by this run or an earlier one. */
bool km_journal_has(const struct km_journal *journal, const uint8_t digest[32]);
/* km_journal_write: a file whole; an old one stays until the new one takes its place. */
km_status km_journal_write(struct km_err *err, struct km_journal *journal, const char *path,
                           struct km_slice octets, mode_t mode);
/* km_journal_note: all files of this row are written. */
km_status km_journal_note(struct km_err *err, struct km_journal *journal, const uint8_t digest[32]);

#endif
