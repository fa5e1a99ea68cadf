/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/registry/registry_certificate.h"

#include "cloud/registry/internal.h"

#include <string.h>

static const struct {
    enum km_certificate_status status;
    const char *name;
} status_names[] = {
    {KM_CERTIFICATE_ACTIVE, "ACTIVE"},
    {KM_CERTIFICATE_INACTIVE, "INACTIVE"},
    {KM_CERTIFICATE_REVOKED, "REVOKED"},
    {KM_CERTIFICATE_PENDING_TRANSFER, "PENDING_TRANSFER"},
    {KM_CERTIFICATE_PENDING_ACTIVATION, "PENDING_ACTIVATION"},
};

const char *km_certificate_status_name(enum km_certificate_status status)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(status_names); i++) {
        if (status_names[i].status == status)
            return status_names[i].name;
    }
    return "UNKNOWN";
}

bool km_certificate_status_parse(const char *name, enum km_certificate_status *ret)
{
    for (size_t i = 0; i < KM_ARRAY_LEN(status_names); i++) {
        if (strcmp(status_names[i].name, name) == 0) {
            *ret = status_names[i].status;
            return true;
        }
    }
    return false;
}

/* ---- registering ---- */

static bool is_for_callers(enum km_certificate_status status)
{
    return status == KM_CERTIFICATE_ACTIVE || status == KM_CERTIFICATE_INACTIVE ||
           status == KM_CERTIFICATE_REVOKED;
}

static km_status check_new(struct km_registry *reg, const char *account,
                           const struct km_registry_certificate_new *certificate)
{
    KM_TRY(km_reg_check_account(reg, account));
    if (certificate->der.len < 1 || certificate->der.len > KM_CERTIFICATE_DER_MAX)
        return KM_REG_FAIL(reg, KM_E_ARG, "a certificate has 1 to %d octets",
                           KM_CERTIFICATE_DER_MAX);
    if (certificate->ca_id == NULL && certificate->mode == KM_CA_DEFAULT)
        return KM_REG_FAIL(reg, KM_E_ARG, "a certificate without its CA is for SNI_ONLY");
    if (certificate->ca_id != NULL)
        return km_reg_check_id(reg, "a CA's id", certificate->ca_id);
    return KM_OK;
}

/* false in *ret_is_new when there is one already. */
static km_status insert(struct km_registry *reg, const char *account, const char *id,
                        const struct km_registry_certificate_new *certificate,
                        enum km_certificate_status status, bool *ret_is_new)
{
    static const char sql[] =
        "INSERT INTO certificate (id, account, ca_id, mode, status, generation_id,"
        " customer_version, created_ms, modified_ms, not_before_ms, not_after_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
    char generation_id[KM_REGISTRY_UUID_LEN + 1] = {0};
    int64_t n_changed = 0;
    km_reg_uuid(reg, generation_id);
    KM_TRY(km_reg_run(reg, sql,
                      KM_VALUES(km_value_text(id), km_value_text(account),
                                km_value_text(certificate->ca_id),
                                km_value_number(certificate->mode), km_value_number(status),
                                km_value_text(generation_id), km_value_number(km_reg_now(reg)),
                                km_value_number(certificate->not_before_ms),
                                km_value_number(certificate->not_after_ms)),
                      &n_changed));
    *ret_is_new = n_changed > 0;
    if (n_changed == 0)
        return KM_OK;
    KM_TRY(km_reg_run(
        reg, "INSERT INTO certificate_der (id, account, der) VALUES (?1, ?2, ?3)",
        KM_VALUES(km_value_text(id), km_value_text(account), km_value_blob(certificate->der)),
        NULL));
    return km_reg_change(reg, KM_CHANGE_CERTIFICATE, account, id);
}

static km_status insert_known_ca(struct km_registry *reg, const char *account, const char *id,
                                 const struct km_registry_certificate_new *certificate,
                                 enum km_certificate_status status)
{
    bool has_ca = certificate->ca_id == NULL;
    bool is_new = false;
    if (!has_ca)
        KM_TRY(km_reg_exists(reg, "SELECT 1 FROM ca WHERE id = ?1 AND account = ?2",
                             KM_VALUES(km_value_text(certificate->ca_id), km_value_text(account)),
                             &has_ca));
    if (!has_ca)
        return KM_REG_FAIL(reg, KM_E_NOTFOUND, "CA %s is not registered", certificate->ca_id);
    KM_TRY(insert(reg, account, id, certificate, status, &is_new));
    if (!is_new)
        return KM_REG_FAIL(reg, KM_E_EXISTS, "certificate %s is registered already", id);
    return KM_OK;
}

km_status km_reg_certificate_insert(struct km_registry *reg, const char *account,
                                    const struct km_registry_certificate_new *certificate,
                                    enum km_certificate_status status,
                                    char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    KM_TRY(check_new(reg, account, certificate));
    km_registry_certificate_id(certificate->der, ret_id);
    return insert_known_ca(reg, account, ret_id, certificate, status);
}

km_status km_registry_certificate_register(struct km_registry *reg, const char *account,
                                           const struct km_registry_certificate_new *certificate,
                                           char ret_id[KM_CERTIFICATE_ID_LEN + 1])
{
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, certificate));
    if (!is_for_callers(certificate->status))
        return KM_REG_FAIL(reg, KM_E_ARG,
                           "a certificate is registered as ACTIVE, INACTIVE or REVOKED");
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    km_registry_certificate_id(certificate->der, id);
    KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
    km_status status =
        km_reg_write_end(reg, insert_known_ca(reg, account, id, certificate, certificate->status));
    if (status == KM_OK || status == KM_E_EXISTS)
        km_copy(ret_id, sizeof(id), id, sizeof(id));
    return status;
}

/* ---- the first contact of a device ---- */

/* KM_E_NOTFOUND, without a sentence, when it is not there. */
static km_status read_contact(struct km_registry *reg, const char *account,
                              struct km_registry_contact *contact)
{
    KM_AUTO(km_query_end) struct km_query query = {0};
    KM_TRY(km_reg_query(reg,
                        "SELECT status, created_ms FROM certificate WHERE id = ?1 AND account = ?2",
                        KM_VALUES(km_value_text(contact->id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        contact->status = (enum km_certificate_status)km_query_number(&query, 0);
        contact->created_ms = km_query_number(&query, 1);
    }
    KM_TRY(km_query_finish(&query));
    return has_row ? KM_OK : KM_E_NOTFOUND;
}

static km_status check_auto_registration(struct km_registry *reg, const char *account,
                                         const char *ca_id)
{
    int64_t registers = 0;
    km_status status =
        km_reg_number(reg, "SELECT is_active * has_auto FROM ca WHERE id = ?1 AND account = ?2",
                      KM_VALUES(km_value_text(ca_id), km_value_text(account)), &registers);
    if (status == KM_E_NOTFOUND)
        return KM_REG_FAIL(reg, status, "CA %s is not registered", ca_id);
    KM_TRY(status);
    if (registers == 0)
        return KM_REG_FAIL(reg, KM_E_STATE, "CA %s is not active or does not register by itself",
                           ca_id);
    return KM_OK;
}

static km_status contact_within(struct km_registry *reg, const char *account,
                                const struct km_registry_certificate_new *certificate,
                                struct km_registry_contact *contact)
{
    km_status status = read_contact(reg, account, contact);
    if (status != KM_E_NOTFOUND)
        return status;
    KM_TRY(check_auto_registration(reg, account, certificate->ca_id));
    KM_TRY(insert(reg, account, contact->id, certificate, KM_CERTIFICATE_PENDING_ACTIVATION,
                  &contact->is_new));
    return read_contact(reg, account, contact);
}

km_status
km_registry_certificate_register_pending(struct km_registry *reg, const char *account,
                                         const struct km_registry_certificate_new *certificate,
                                         struct km_registry_contact *ret)
{
    struct km_registry_contact contact = {0};
    km_reg_enter(reg);
    KM_TRY(check_new(reg, account, certificate));
    if (certificate->ca_id == NULL)
        return KM_REG_FAIL(reg, KM_E_ARG, "only a CA registers its devices by itself");
    km_registry_certificate_id(certificate->der, contact.id);
    /* Devices that wait come again and again: those need no lock. */
    km_status status = read_contact(reg, account, &contact);
    if (status == KM_E_NOTFOUND) {
        KM_TRY(km_reg_write_begin(reg, KM_DB_LOCK_ALL));
        status = km_reg_write_end(reg, contact_within(reg, account, certificate, &contact));
    }
    if (status == KM_OK)
        *ret = contact;
    return status;
}

/* ---- reading ---- */

#define COLUMNS                                                                                    \
    "c.id, c.account, c.ca_id, c.mode, c.status, c.generation_id, c.previous_account,"             \
    " c.customer_version, c.created_ms, c.modified_ms, c.not_before_ms, c.not_after_ms,"           \
    " c.transfer_to, t.message, t.reject_reason, coalesce(t.transfer_ms, 0),"                      \
    " coalesce(t.accept_ms, 0), coalesce(t.reject_ms, 0)"
#define FROM                                                                                       \
    " FROM certificate c LEFT JOIN certificate_transfer t ON t.id = c.id AND t.account = c.account"
enum { COLUMN_ID = 0, COLUMN_CREATED = 8, COLUMN_DER = 18 };

static struct km_registry_certificate take(struct km_query *query, struct km_arena *arena)
{
    return (struct km_registry_certificate){
        .id = km_query_text(query, arena, COLUMN_ID),
        .account = km_query_text(query, arena, 1),
        .ca_id = km_query_text(query, arena, 2),
        .mode = (enum km_ca_mode)km_query_number(query, 3),
        .status = (enum km_certificate_status)km_query_number(query, 4),
        .generation_id = km_query_text(query, arena, 5),
        .previous_account = km_query_text(query, arena, 6),
        .customer_version = km_query_number(query, 7),
        .created_ms = km_query_number(query, COLUMN_CREATED),
        .modified_ms = km_query_number(query, 9),
        .not_before_ms = km_query_number(query, 10),
        .not_after_ms = km_query_number(query, 11),
        .transfer = {.to = km_query_text(query, arena, 12),
                     .message = km_query_text(query, arena, 13),
                     .reject_reason = km_query_text(query, arena, 14),
                     .transfer_ms = km_query_number(query, 15),
                     .accept_ms = km_query_number(query, 16),
                     .reject_ms = km_query_number(query, 17)},
    };
}

static km_status unknown(struct km_registry *reg, const char *id)
{
    return KM_REG_FAIL(reg, KM_E_NOTFOUND, "certificate %s is not registered", id);
}

km_status km_registry_certificate_get(struct km_registry *reg, struct km_arena *arena,
                                      const char *account, const char *id,
                                      struct km_registry_certificate *ret)
{
    static const char sql[] = "SELECT " COLUMNS ", d.der" FROM
                              " JOIN certificate_der d ON d.id = c.id AND d.account = c.account"
                              " WHERE c.id = ?1 AND c.account = ?2";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_certificate certificate = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", id));
    KM_TRY(km_reg_query(reg, sql, KM_VALUES(km_value_text(id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        certificate = take(&query, arena);
        certificate.der = km_query_blob(&query, arena, COLUMN_DER);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = certificate;
    return KM_OK;
}

km_status km_registry_certificate_state(struct km_registry *reg, const char *account,
                                        const char *id, struct km_registry_certificate_state *ret)
{
    static const char sql[] = "SELECT status, customer_version, not_after_ms, ca_id"
                              " FROM certificate WHERE id = ?1 AND account = ?2";
    KM_AUTO(km_query_end) struct km_query query = {0};
    struct km_registry_certificate_state state = {0};
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    KM_TRY(km_reg_check_id(reg, "a certificate's id", id));
    KM_TRY(km_reg_query(reg, sql, KM_VALUES(km_value_text(id), km_value_text(account)), &query));
    bool has_row = km_query_next(&query);
    if (has_row) {
        state.status = (enum km_certificate_status)km_query_number(&query, 0);
        state.customer_version = km_query_number(&query, 1);
        state.not_after_ms = km_query_number(&query, 2);
        km_query_copy(&query, 3, state.ca_id, KM_CERTIFICATE_ID_LEN);
    }
    KM_TRY(km_query_finish(&query));
    if (!has_row)
        return unknown(reg, id);
    *ret = state;
    return KM_OK;
}

/* One CA's devices have an index of their own: among a million others they would be sought for long. */
#define LIST_HEAD "SELECT " COLUMNS FROM " WHERE c.account = ?1"
#define LIST_STATUS " AND (?5 = 0 OR c.status = ?5)"
static const struct km_list_sql list_all =
    KM_LIST_BY_BOTH(KM_LIST_TAG_CERTIFICATE, LIST_HEAD LIST_STATUS " AND ?6 IS NULL",
                    "c.created_ms", "c.id", COLUMN_CREATED, COLUMN_ID);
static const struct km_list_sql list_of_ca =
    KM_LIST_BY_BOTH(KM_LIST_TAG_CERTIFICATE, LIST_HEAD LIST_STATUS " AND c.ca_id = ?6",
                    "c.created_ms", "c.id", COLUMN_CREATED, COLUMN_ID);

km_status km_registry_certificate_list(struct km_registry *reg, struct km_arena *arena,
                                       const char *account,
                                       const struct km_registry_certificate_filter *filter,
                                       const struct km_registry_page *page,
                                       struct km_registry_certificate_list *ret)
{
    static const struct km_registry_certificate_filter any = {0};
    KM_AUTO(km_list_end) struct km_list list = {.reg = reg, .arena = arena};
    if (filter == NULL)
        filter = &any;
    km_reg_enter(reg);
    KM_TRY(km_reg_check_account(reg, account));
    if (filter->ca_id != NULL)
        KM_TRY(km_reg_check_id(reg, "a CA's id", filter->ca_id));
    KM_TRY(km_list_start(&list, filter->ca_id != NULL ? &list_of_ca : &list_all, page, account,
                         KM_VALUES(km_value_number(filter->status), km_value_text(filter->ca_id))));
    struct km_registry_certificate *items = km_list_items(&list, sizeof(*items));
    while (items != NULL && km_list_next(&list))
        items[list.n_rows - 1] = take(&list.query, arena);
    const char *next = NULL;
    KM_TRY(km_list_finish(&list, &next));
    *ret =
        (struct km_registry_certificate_list){.items = items, .n_items = list.n_rows, .next = next};
    return KM_OK;
}
