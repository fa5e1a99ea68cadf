/* SPDX-License-Identifier: Apache-2.0 */
/* A production run: every row of a CSV, its outputs, and the table of what came of it. */
#ifndef KM_FLEET_RUN_H
#define KM_FLEET_RUN_H

#include <stdio.h>

#include "factory/fleet/fleet.h"

enum km_fleet_format { KM_FLEET_CSV = 0, KM_FLEET_JSON, KM_FLEET_SILENT };

struct km_fleet_run {
    const struct km_fleet *fleet;
    struct km_slice csv;
    const char *journal; /* file, or NULL */
    struct km_slice
        recipe;  /* what else decides on the outputs: another recipe makes everything again */
    FILE *table; /* one row for each that is made, there already, or failed */
    enum km_fleet_format format;
    bool shows_progress; /* on stderr */
};

struct km_fleet_totals {
    uint32_t made, there, failed;
    double seconds;
};

/*
 * km_fleet_run: makes what can be made. A row that can't be is in the table with its line and a sentence, and counted; other
 * failures (the CSV's head, the journal, a full disk) end the run.
 */
km_status km_fleet_run(struct km_err *err, const struct km_fleet_run *run,
                       struct km_fleet_totals *ret);

#endif
