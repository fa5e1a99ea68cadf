/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of a registration, told one by one while the files for it are put together. */
#include <string.h>

#include "cloud/console/private.h"
#include "cloud/control/ca_check.h"
#include "cloud/registry/registry_certificate.h"

/* One more than the registration's own: only there it would be too late to say. */
#define KNOWN_CHECK "ca-new"

static struct km_slice pem_of(const struct console_call *call, const char *name)
{
    const char *text = console_text(call, name);
    return text != NULL && text[0] != '\0' ? KM_SLICE_STR(text) : (struct km_slice){0};
}

static json_t *result(const char *name, const char *state, const char *reason)
{
    return json_pack("{s:s, s:s, s:s*}", "name", name, "state", state, "reason", reason);
}

/* can_run: what the check looks at is there, and could be read. */
static bool can_run(const struct km_ca_check *check, const struct km_ca_candidate *candidate)
{
    bool is_reader = (check->flags & KM_CA_CHECK_READS) != 0;
    bool is_of_proof = (check->flags & KM_CA_CHECK_PROOF) != 0;
    bool is_of_ca = !is_of_proof || (check->flags & KM_CA_CHECK_BOTH) != 0;
    bool has_ca = is_reader ? candidate->ca_pem.ptr != NULL : candidate->ca.x509 != NULL;
    bool has_proof = is_reader ? candidate->proof_pem.ptr != NULL : candidate->proof.x509 != NULL;
    return (has_ca || !is_of_ca) && (has_proof || !is_of_proof);
}

static json_t *run_check(const struct km_ca_check *check, struct km_ca_candidate *candidate,
                         bool *all_are_good)
{
    struct km_err err = {0};
    if (!can_run(check, candidate)) {
        *all_are_good = false;
        return result(check->name, "waiting", NULL);
    }
    if (check->run(&err, candidate) == KM_OK)
        return result(check->name, "good", NULL);
    *all_are_good = false;
    return result(check->name, "bad", err.text);
}

static km_status known_check(struct console_call *call, const struct km_ca_candidate *candidate,
                             json_t *checks, bool *all_are_good)
{
    char id[KM_CERTIFICATE_ID_LEN + 1] = {0};
    struct km_registry_ca ca = {0};
    if (candidate->ca.x509 == NULL) {
        (void)json_array_append_new(checks, result(KNOWN_CHECK, "waiting", NULL));
        return KM_OK;
    }
    km_registry_certificate_id(candidate->ca.der, id);
    km_status status = km_registry_ca_get(call->console->control->registry, call->console->arena,
                                          call->session->account, id, &ca);
    if (status != KM_E_NOTFOUND)
        KM_TRY(console_registry(call, status));
    *all_are_good = *all_are_good && status == KM_E_NOTFOUND;
    (void)json_array_append_new(
        checks, status == KM_OK ? result(KNOWN_CHECK, "bad", "this CA is registered already")
                                : result(KNOWN_CHECK, "good", NULL));
    return KM_OK;
}

static json_t *certificate_json(const struct km_x509 *x509)
{
    char name[KM_X509_NAME_MAX + 1] = {0};
    if (x509->x509 == NULL)
        return NULL;
    bool has_name = km_x509_common_name(x509, name);
    return json_pack("{s:s*, s:I, s:I}", "commonName", has_name ? name : NULL, "notBeforeMs",
                     (json_int_t)x509->not_before_ms, "notAfterMs", (json_int_t)x509->not_after_ms);
}

km_status console_ca_check(struct console_call *call)
{
    struct km_console *console = call->console;
    KM_AUTO(km_ca_candidate_clear)
    struct km_ca_candidate candidate = {
        .crypto = console->control->crypto,
        .now_ms = km_control_now_ms(console->config.control),
        .ca_pem = pem_of(call, "caCertificate"),
        .proof_pem = pem_of(call, "verificationCertificate"),
    };
    bool all_are_good = true;
    KM_TRY(console_registry(call,
                            km_registry_registration_code(console->control->registry,
                                                          call->session->account, candidate.code)));
    json_t *checks = json_array();
    for (size_t i = 0; i < KM_CA_CHECKS; i++)
        (void)json_array_append_new(checks, run_check(&km_ca_checks[i], &candidate, &all_are_good));
    km_status status = known_check(call, &candidate, checks, &all_are_good);
    call->reply =
        json_pack("{s:o, s:b, s:o*, s:o*}", "checks", checks, "isReady", all_are_good, "ca",
                  certificate_json(&candidate.ca), "proof", certificate_json(&candidate.proof));
    return status;
}
