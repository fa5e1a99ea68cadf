/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices ask below $aws/certificates and $aws/provisioning-templates: a certificate, and to be provisioned with it. Pure.
 *
 *   $aws/certificates/create/json                          {} or nothing
 *   $aws/certificates/create-from-csr/json                 {"certificateSigningRequest": PEM}
 *   $aws/provisioning-templates/NAME/provision/json        {"certificateOwnershipToken": TEXT, "parameters": {NAME: TEXT, ...}}
 *
 * Answers go to the same topic with /accepted or /rejected behind it. In place of json may stand cbor, for the same in CBOR.
 */
#ifndef KM_PROVISION_FLEET_REQUEST_H
#define KM_PROVISION_FLEET_REQUEST_H

#include <jansson.h>

#include "cloud/provision/template.h"

#define KM_FLEET_TEMPLATE_MAX 36u   /* characters of a template's name: letters, digits, _ and - */
#define KM_FLEET_CSR_MAX 65536u     /* octets */
#define KM_FLEET_TOKEN_MAX 256u     /* octets */
#define KM_FLEET_PARAMETERS_MAX 64u /* that a device may give */
#define KM_FLEET_DEPTH_MAX 4u       /* of the JSON, or CBOR */

enum km_fleet_kind { KM_FLEET_CREATE = 0, KM_FLEET_CREATE_FROM_CSR, KM_FLEET_PROVISION };

enum km_fleet_format {
    KM_FLEET_UNKNOWN = 0, /* it is named, and not read */
    KM_FLEET_JSON,
    KM_FLEET_CBOR,
};

struct km_fleet_topic {
    enum km_fleet_kind kind;
    enum km_fleet_format format;
    char template[KM_FLEET_TEMPLATE_MAX + 1]; /* of KM_FLEET_PROVISION */
};

/* km_fleet_topic_parse: false when it is none of the topics above, with one more part for the format. */
KM_MUST_USE bool km_fleet_topic_parse(struct km_slice topic, struct km_fleet_topic *ret);

/* What belongs to the kind is set; texts are the arena's. */
struct km_fleet_request {
    const char *csr;
    const char *token;
    const struct km_template_pair *parameters;
    size_t n_parameters;
};

/*
 * km_fleet_request_take: from the object that was sent, in whatever format; NULL: nothing. KM_E_MALFORMED or KM_E_LIMIT, the sentence says why. Members that are not named above are not minded; a
 * parameter whose name begins with "AWS::" is an error: those are not the device's to give. KM_E_NOMEM.
 */
km_status km_fleet_request_take(struct km_err *err, struct km_arena *arena, enum km_fleet_kind kind,
                                const json_t *object, struct km_fleet_request *ret);
/* km_fleet_request_read: the same from JSON; no octets are nothing. */
km_status km_fleet_request_read(struct km_err *err, struct km_arena *arena, enum km_fleet_kind kind,
                                struct km_slice payload, struct km_fleet_request *ret);

#endif
