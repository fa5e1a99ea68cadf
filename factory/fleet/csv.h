/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated values as RFC 4180 has them, with LF or CRLF, UTF-8, blank lines and lines that begin with '#' left out.
 * Pure: bytes in, rows out.
 */
#ifndef KM_FLEET_CSV_H
#define KM_FLEET_CSV_H

#include "common/km_bytes.h"

#define KM_CSV_FIELDS_MAX 32u
#define KM_CSV_ROW_MAX 16384u /* octets of all fields of a row, each with a NUL */

struct km_csv {
    struct km_slice rest;
    uint32_t line; /* of what is next, from 1 */
};

struct km_csv_row {
    uint32_t line; /* where it begins */
    uint32_t n;
    const char *fields
        [KM_CSV_FIELDS_MAX]; /* in text, each ends with a NUL; valid until the row is read into again */
    struct km_slice raw;     /* the row as it stands, without its line end */
    const char *fault;       /* KM_CSV_BAD: what is wrong, static */
    char text[KM_CSV_ROW_MAX];
};

enum km_csv_result { KM_CSV_ROW = 1, KM_CSV_END, KM_CSV_BAD };

/* km_csv_begin: over octets that the caller keeps; a byte order mark is passed over. */
struct km_csv km_csv_begin(struct km_slice octets);
/* km_csv_next: the next row. After KM_CSV_BAD reading goes on behind the line that row->line names. */
enum km_csv_result km_csv_next(struct km_csv *csv, struct km_csv_row *row);
/* km_csv_put: one field as it has to be written, quoted when it must be. */
void km_csv_put(struct km_wr *wr, const char *field);

#endif
