/* SPDX-License-Identifier: Apache-2.0 */
/* CA certificates, and the code that proves who holds a CA's key. */
#ifndef KM_REGISTRY_CA_H
#define KM_REGISTRY_CA_H

#include "cloud/registry/registry.h"

#define KM_REGISTRATION_CODE_LEN 64
#define KM_CERTIFICATE_DER_MAX 65536
#define KM_CA_SUBJECT_MAX 4096    /* octets of a subject's DER */
#define KM_CA_SAME_SUBJECT_MAX 10 /* CAs of an account with one subject */
#define KM_REGISTRATION_CONFIG_MAX 65536

/* km_registry_certificate_id: SHA-256 over the DER in lower-case hex; the id of CAs and devices alike. */
void km_registry_certificate_id(struct km_slice der, char ret[KM_CERTIFICATE_ID_LEN + 1]);

/* km_registry_registration_code: the account's code, made at the first call and the same until deleted. */
km_status km_registry_registration_code(struct km_registry *reg, const char *account,
                                        char ret[KM_REGISTRATION_CODE_LEN + 1]);
/* km_registry_registration_code_delete: KM_E_NOTFOUND when there is none. */
km_status km_registry_registration_code_delete(struct km_registry *reg, const char *account);

enum km_ca_mode { KM_CA_DEFAULT = 0, KM_CA_SNI_ONLY = 1 };

struct km_registry_ca_new {
    struct km_slice der;
    struct km_slice subject; /* the subject's DER, as devices' issuer */
    enum km_ca_mode mode;
    bool is_active;
    bool has_auto_registration;
    const char *registration_config; /* JSON text or NULL */
    int64_t not_before_ms;
    int64_t not_after_ms;
};

struct km_registry_ca {
    const char *id;
    const char *account;
    struct km_slice der;
    struct km_slice subject;
    enum km_ca_mode mode;
    bool is_active;
    bool has_auto_registration;
    const char *registration_config;
    const char *generation_id; /* a UUID, new with each change of what is stored */
    int64_t customer_version;  /* 1, and one more with each change of is_active */
    int64_t created_ms;
    int64_t modified_ms;
    int64_t not_before_ms;
    int64_t not_after_ms;
};
struct km_registry_ca_list {
    const struct km_registry_ca *items;
    size_t n_items;
    const char *next;
};

/*
 * km_registry_ca_register: stores a CA whose possession was proved. The id is returned also with KM_E_EXISTS: the same CA is in this
 * account, or in another and either of the two is in DEFAULT mode. KM_E_LIMIT: KM_CA_SAME_SUBJECT_MAX with this subject.
 */
km_status km_registry_ca_register(struct km_registry *reg, const char *account,
                                  const struct km_registry_ca_new *ca,
                                  char ret_id[KM_CERTIFICATE_ID_LEN + 1]);
km_status km_registry_ca_get(struct km_registry *reg, struct km_arena *arena, const char *account,
                             const char *id, struct km_registry_ca *ret);
km_status km_registry_ca_list(struct km_registry *reg, struct km_arena *arena, const char *account,
                              const struct km_registry_page *page, struct km_registry_ca_list *ret);
/* km_registry_ca_by_subject: all of the account with this subject, at most KM_CA_SAME_SUBJECT_MAX, so that the signature can tell which one issued a certificate. None is no error. */
km_status km_registry_ca_by_subject(struct km_registry *reg, struct km_arena *arena,
                                    const char *account, struct km_slice subject,
                                    struct km_registry_ca_list *ret);

/* What an update changes; NULL leaves as it is. */
struct km_registry_ca_update {
    const bool *is_active;
    const bool *has_auto_registration;
    const char *registration_config;
    bool removes_registration_config;
};
/* km_registry_ca_update: to set what it is already changes nothing. Devices of a CA set inactive keep their certificates. */
km_status km_registry_ca_update(struct km_registry *reg, const char *account, const char *id,
                                const struct km_registry_ca_update *update);
/* km_registry_ca_delete: KM_E_STATE while it is active. Its devices' certificates stay and remember its id. */
km_status km_registry_ca_delete(struct km_registry *reg, const char *account, const char *id);

#endif
