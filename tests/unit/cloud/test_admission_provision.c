/* SPDX-License-Identifier: Apache-2.0 */
/* A template is carried out only as long as nobody has decided about the certificate; and what is told of one that waits. */
#include "cloud/admission/registration.h"
#include "cloud/registry/registry_certificate.h"
#include "cloud/registry/registry_thing.h"
#include "tests/unit/cert_maker.h"
#include "tests/unit/cloud/registry_rig.h"

#define ID "AWS::IoT::Certificate::Id"
static const char config[] =
    "{\"templateBody\":\"{\\\"Parameters\\\":{\\\"" ID "\\\":{\\\"Type\\\":\\\"String\\\"}},"
    "\\\"Resources\\\":{\\\"thing\\\":{\\\"Type\\\":\\\"AWS::IoT::Thing\\\",\\\"Properties\\\":"
    "{\\\"ThingName\\\":\\\"lamp\\\"}},"
    "\\\"certificate\\\":{\\\"Type\\\":\\\"AWS::IoT::Certificate\\\",\\\"Properties\\\":"
    "{\\\"CertificateId\\\":{\\\"Ref\\\":\\\"" ID "\\\"},\\\"Status\\\":\\\"ACTIVE\\\"}}}}\"}";

static enum km_certificate_status status_of(struct rig *rig, const char *id)
{
    struct km_registry_certificate_state got = {0};
    assert_ok(rig, km_registry_certificate_state(rig->reg, ACCOUNT, id, &got));
    return got.status;
}

/* The certificate waits, gets a status, and then its template comes. */
static km_status provision_after(struct rig *rig, enum km_certificate_status decided,
                                 enum km_certificate_status *ret)
{
    struct km_err err = {0};
    struct made_cert made = {0};
    struct km_registry_contact contact = {0};
    const struct km_registrar registrar = {
        .registry = rig->reg, .arena = rig->arena, .account = ACCOUNT};
    char ca[KM_CERTIFICATE_ID_LEN + 1] = "";
    cert_make("cn=lamp", NULL, &made);
    rig_ca(rig, ACCOUNT, "ca", "CN=ca", ca);
    const struct km_registry_certificate_new new = {.der = KM_SLICE_STR("lamp"), .ca_id = ca};
    assert_ok(rig, km_registry_certificate_register_pending(rig->reg, ACCOUNT, &new, &contact));
    if (decided != KM_CERTIFICATE_PENDING_ACTIVATION)
        assert_ok(rig, km_registry_certificate_set_status(rig->reg, ACCOUNT, contact.id, decided));
    const struct km_registrar_wish wish = {
        .config = config, .certificate = contact.id, .x509 = made.x509};
    assert_ok(rig, km_registry_begin(rig->reg));
    km_status status = km_registrar_provision(&err, &registrar, &wish);
    assert_ok(rig, km_registry_commit(rig->reg));
    *ret = status_of(rig, contact.id);
    cert_free(&made);
    return status;
}

static void one_that_waits_gets_it(void **state)
{
    struct rig *rig = *state;
    enum km_certificate_status now = KM_CERTIFICATE_PENDING_ACTIVATION;
    assert_int_equal(provision_after(rig, KM_CERTIFICATE_PENDING_ACTIVATION, &now), KM_OK);
    assert_int_equal(now, KM_CERTIFICATE_ACTIVE);
}

static void one_that_was_switched_off_stays_so(void **state)
{
    struct rig *rig = *state;
    struct km_registry_thing thing = {0};
    enum km_certificate_status now = KM_CERTIFICATE_PENDING_ACTIVATION;
    assert_int_equal(provision_after(rig, KM_CERTIFICATE_INACTIVE, &now), KM_E_STALE);
    assert_int_equal(now, KM_CERTIFICATE_INACTIVE);
    assert_status(rig, KM_E_NOTFOUND,
                  km_registry_thing_get(rig->reg, rig->arena, ACCOUNT, "lamp", &thing));
}

static void one_that_another_broker_served_is_left_alone(void **state)
{
    struct rig *rig = *state;
    enum km_certificate_status now = KM_CERTIFICATE_PENDING_ACTIVATION;
    assert_int_equal(provision_after(rig, KM_CERTIFICATE_ACTIVE, &now), KM_E_STALE);
    assert_int_equal(now, KM_CERTIFICATE_ACTIVE);
}

/* The two times differ in type, as the cloud has them. */
static void what_is_told_of_one_that_waits(void **state)
{
    char topic[KM_REGISTERED_TOPIC_CAP] = "";
    const struct km_registered what = {.account = "000000000001",
                                       .ca = "12ca",
                                       .certificate = "34ce",
                                       .first_ms = 1552061705277,
                                       .now_ms = 1552061705278};
    (void)state;
    char *payload = km_registered_print(&what, topic);
    assert_string_equal(topic, "$aws/events/certificates/registered/12ca");
    assert_string_equal(
        payload,
        "{\"certificateRegistrationTimestamp\":\"1552061705277\",\"awsAccountId\":\"000000000001\","
        "\"certificateStatus\":\"PENDING_ACTIVATION\",\"timestamp\":1552061705278,"
        "\"caCertificateId\":\"12ca\",\"certificateId\":\"34ce\"}");
    free(payload);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RIG_TEST(one_that_waits_gets_it),
        RIG_TEST(one_that_was_switched_off_stays_so),
        RIG_TEST(one_that_another_broker_served_is_left_alone),
        RIG_TEST(what_is_told_of_one_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
