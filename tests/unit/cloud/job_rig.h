/* SPDX-License-Identifier: Apache-2.0 */
/* Things, groups and jobs in a registry, for tests of jobs. */
#ifndef KM_JOB_RIG_H
#define KM_JOB_RIG_H

#include "cloud/registry/registry_group.h"
#include "cloud/registry/registry_job.h"
#include "tests/unit/cloud/registry_rig.h"

#define MINUTE_MS ((int64_t)60000)

static inline void thing(struct rig *rig, const char *name)
{
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const struct km_registry_thing_new made = {.name = name};
    assert_ok(rig, km_registry_thing_create(rig->reg, ACCOUNT, &made, id));
}

static inline void group(struct rig *rig, const char *name, const char *parent)
{
    char id[KM_REGISTRY_UUID_LEN + 1] = {0};
    const struct km_registry_group_new made = {.name = name, .parent = parent};
    assert_ok(rig, km_registry_group_create(rig->reg, ACCOUNT, &made, id));
}

static inline void add(struct rig *rig, const char *into, const char *name)
{
    assert_ok(rig, km_registry_group_add(rig->reg, ACCOUNT, into, name));
}

/* n things, t100 and on, in the new group all. */
static inline void things(struct rig *rig, int n)
{
    group(rig, "all", NULL);
    for (int i = 0; i < n; i++) {
        thing(rig, rig_name("t", i + 100));
        add(rig, "all", rig_name("t", i + 100));
    }
}

static inline struct km_execution get(struct rig *rig, const char *name, const char *id)
{
    const struct km_execution_key key = {.thing = name, .job = id};
    struct km_execution execution = {0};
    assert_ok(rig, km_registry_execution_get(rig->reg, rig->arena, ACCOUNT, &key, &execution));
    return execution;
}

static inline km_status put(struct rig *rig, const char *name, const char *id, int64_t version,
                            enum km_execution_status status)
{
    const struct km_execution_key key = {.thing = name, .job = id, .number = 1};
    const struct km_execution_change change = {
        .version = version,
        .status = status,
        .started_ms = rig->now_ms,
        .due_ms = status == KM_EXECUTION_IN_PROGRESS ? rig->now_ms + MINUTE_MS : 0};
    return km_registry_execution_put(rig->reg, ACCOUNT, &key, &change);
}

static inline enum km_job_status status_of(struct rig *rig, const char *id)
{
    struct km_registry_job found = {0};
    assert_ok(rig, km_registry_job_get(rig->reg, rig->arena, ACCOUNT, id, &found, NULL));
    return found.status;
}

#endif
