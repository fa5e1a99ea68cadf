/* SPDX-License-Identifier: Apache-2.0 */
/* The rules as the registry has them, compiled, and brought up to date with its change feed. */
#ifndef COMPANION_SOURCE_H
#define COMPANION_SOURCE_H

#include "cloud/companion/ruleset.h"
#include "cloud/registry/registry.h"

#define SOURCE_FEED_MS 100 /* how often the feed is looked at where nobody hints */

struct source {
    struct km_registry *registry; /* borrowed */
    const char *account;
    struct km_arena *arena;
    int64_t generation; /* that the rules are of; -1: none was read */
    /* skipped: a rule that can't be run; the others are. */
    void (*skipped)(const struct km_err *err, const char *rule);
};

km_status source_init(struct km_err *err, struct km_registry *registry, const char *account,
                      void (*skipped)(const struct km_err *err, const char *rule),
                      struct source *ret);
void source_clear(struct source *source);
/* source_update: *ret_changed tells whether set is another than before. On a failure it is as before: ask again later. */
km_status source_update(struct km_err *err, struct source *source, struct ruleset *set,
                        bool *ret_changed);

#endif
