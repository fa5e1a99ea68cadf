/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes what the scenarios of the doors need, through the crypto library.
 *   door_tool create NAME ec256|ec384|ec521|rsa2048 [PASSWORD]   password object NAME.pass
 *   door_tool lend NAME KIND USER   one that this user may use too
 *   door_tool delete NAME
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "clrc.h"

static int fail(const char *what, ClrcResult result)
{
    fprintf(stderr, "door_tool: %s: %s\n", what, clrcResultText(result));
    return 1;
}

static const struct {
    const char *name;
    ClrcKeyType type;
    uint32_t bits;
} kinds[] = {
    {"ec256", KEY_EC_DUAL_KEYPAIR, 256},
    {"ec384", KEY_EC_DUAL_KEYPAIR, 384},
    {"ec521", KEY_EC_DUAL_KEYPAIR, 521},
    {"rsa2048", KEY_RSA_KEYPAIR, 2048},
};

static int create(const char *name, const char *kind, const char *password, const ClrcGrant *grant)
{
    ClrcKeyTemplate wish = {0};
    ClrcKeyHandle key = NULL;
    ClrcPasswordHandle guard = NULL;
    char object[CLRC_NAME_MAX + 1] = {0};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kind, kinds[i].name) == 0)
            wish = (ClrcKeyTemplate){.type = kinds[i].type, .bits = kinds[i].bits};
    wish.grants = grant;
    wish.n_grants = grant != NULL;
    ClrcResult result = clrcCreateKey(&wish, &key);
    if (result != CLRC_SUCCESS)
        return fail("create", result);
    if (password != NULL) {
        const uint8_t *octets = (const uint8_t *)password;
        uint32_t length = (uint32_t)strlen(password);
        snprintf(object, sizeof(object), "%.50s.pass", name);
        result = clrcCreatePassword(object, octets, length);
        if (result == CLRC_SUCCESS)
            result = clrcLoadPassword(object, octets, length, &guard);
        if (result != CLRC_SUCCESS)
            return fail("password", result);
    }
    result = clrcSaveNamedKey(key, name, guard);
    clrcFreePassword(guard);
    clrcFreeKey(key);
    return result == CLRC_SUCCESS ? 0 : fail("save", result);
}

static int lend(const char *name, const char *kind, const char *user)
{
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        fprintf(stderr, "door_tool: there is no user %s\n", user);
        return 1;
    }
    ClrcGrant grant = {.fields = CLRC_GRANT_UID, .uid = entry->pw_uid};
    return create(name, kind, NULL, &grant);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && strcmp(argv[1], "create") == 0)
        return create(argv[2], argv[3], argc > 4 ? argv[4] : NULL, NULL);
    if (argc == 5 && strcmp(argv[1], "lend") == 0)
        return lend(argv[2], argv[3], argv[4]);
    if (argc == 3 && strcmp(argv[1], "delete") == 0) {
        ClrcResult result = clrcDeleteNamedKey(argv[2], NULL);
        return result == CLRC_SUCCESS ? 0 : fail("delete", result);
    }
    fprintf(stderr,
            "usage: door_tool create NAME KIND [PASSWORD] | lend NAME KIND USER | delete NAME\n");
    return 2;
}
