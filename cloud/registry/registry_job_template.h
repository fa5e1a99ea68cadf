/* SPDX-License-Identifier: Apache-2.0 */
/* Templates that jobs are made of: a document, and how a job goes about it. A job that was made keeps what it had of one. */
#ifndef KM_REGISTRY_JOB_TEMPLATE_H
#define KM_REGISTRY_JOB_TEMPLATE_H

#include "cloud/common/execution.h"
#include "cloud/registry/registry.h"

struct km_registry_job_template {
    const char *id;
    const char *document;
    const char *description; /* 1 to KM_JOB_TEXT_MAX octets */
    const char *config;      /* JSON for km_job_config_parse; NULL: none */
    int64_t minutes;         /* as a job's */
    int64_t created_ms;      /* not asked for when it is made */
};
struct km_registry_job_template_list {
    const struct km_registry_job_template *items; /* without documents and configurations */
    size_t n_items;
    const char *next;
};

/* km_registry_job_template_create: KM_E_EXISTS. */
km_status km_registry_job_template_create(struct km_registry *reg, const char *account,
                                          const struct km_registry_job_template *job_template);
km_status km_registry_job_template_get(struct km_registry *reg, struct km_arena *arena,
                                       const char *account, const char *id,
                                       struct km_registry_job_template *ret);
km_status km_registry_job_template_list(struct km_registry *reg, struct km_arena *arena,
                                        const char *account, const struct km_registry_page *page,
                                        struct km_registry_job_template_list *ret);
km_status km_registry_job_template_delete(struct km_registry *reg, const char *account,
                                          const char *id);

#endif
