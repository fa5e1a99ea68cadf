/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Says what a TA's user_ta_header_defines.h defines, one "word=value" a line, for keymoor_add_ta(). Built and run where the
 * TA is built, not where it runs.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <user_ta_header.h>
/* The TA's own, which may count on the header above. */
#include <user_ta_header_defines.h>

static void uuid(const TEE_UUID *u)
{
    printf("%08" PRIx32 "-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", u->timeLow, u->timeMid,
           u->timeHiAndVersion, u->clockSeqAndNode[0], u->clockSeqAndNode[1], u->clockSeqAndNode[2],
           u->clockSeqAndNode[3], u->clockSeqAndNode[4], u->clockSeqAndNode[5],
           u->clockSeqAndNode[6], u->clockSeqAndNode[7]);
}

/* CMake takes a semicolon for the end of an item, and this for a semicolon. */
static void text(const char *t)
{
    for (; *t != '\0'; t++) {
        if (*t == ';')
            printf("$<SEMICOLON>");
        else
            putchar(*t);
    }
}

static void flag(const char *name, bool is_set)
{
    printf("PROPERTY=%s=%s\n", name, is_set ? "true" : "false");
}

#ifdef TA_CURRENT_TA_EXT_PROPERTIES
static void value(const struct user_ta_property *property)
{
    const TEE_Identity *identity = property->value;
    switch (property->type) {
    case USER_TA_PROP_TYPE_BOOL:
        printf("%s", *(const bool *)property->value ? "true" : "false");
        break;
    case USER_TA_PROP_TYPE_U32:
        printf("%" PRIu32, *(const uint32_t *)property->value);
        break;
    case USER_TA_PROP_TYPE_U64:
        printf("%" PRIu64, *(const uint64_t *)property->value);
        break;
    case USER_TA_PROP_TYPE_UUID:
        uuid(property->value);
        break;
    case USER_TA_PROP_TYPE_IDENTITY:
        printf("%" PRIu32 ":", identity->login);
        uuid(&identity->uuid);
        break;
    case USER_TA_PROP_TYPE_STRING:
    case USER_TA_PROP_TYPE_BINARY_BLOCK:
        text(property->value);
        break;
    case USER_TA_PROP_TYPE_INVALID:
        break;
    }
}

static void own_properties(void)
{
    const struct user_ta_property properties[] = {TA_CURRENT_TA_EXT_PROPERTIES};
    for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
        printf("PROPERTY=%s=", properties[i].name);
        value(&properties[i]);
        printf("\n");
    }
}
#endif

int main(void)
{
    const TEE_UUID own = TA_UUID;
    const unsigned flags = TA_FLAGS;
    printf("UUID=");
    uuid(&own);
    printf("\nSTACK=%lu\nHEAP=%lu\n", (unsigned long)(TA_STACK_SIZE),
           (unsigned long)(TA_DATA_SIZE));
    flag(TA_PROP_STR_SINGLE_INSTANCE, (flags & TA_FLAG_SINGLE_INSTANCE) != 0);
    flag(TA_PROP_STR_MULTI_SESSION, (flags & TA_FLAG_MULTI_SESSION) != 0);
    flag(TA_PROP_STR_KEEP_ALIVE, (flags & TA_FLAG_INSTANCE_KEEP_ALIVE) != 0);
#ifdef TA_DESCRIPTION
    printf("PROPERTY=%s=", TA_PROP_STR_DESCRIPTION);
    text(TA_DESCRIPTION);
    printf("\n");
#endif
#ifdef TA_CURRENT_TA_EXT_PROPERTIES
    own_properties();
#endif
    return 0;
}
