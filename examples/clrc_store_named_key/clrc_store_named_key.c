/* SPDX-License-Identifier: Apache-2.0 */
/* clrc_store_named_key: makes an ECDSA key in the trusted service and saves it there. README.txt walks through it. */
#include <stdio.h>
#include <stdlib.h>

#include "clrc.h"

#define KEY_NAME "ECC-256-KEY"
#define COORDINATE_LEN 32

static int failed(void)
{
    fflush(stdout);
    fprintf(stderr, "clrc_store_named_key: %s\n", clrcLastError());
    return -1;
}

static int create(ClrcKeyHandle *hKey)
{
    const ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    printf("Creating ECDSA key:\n");
    return clrcCreateKey(&wish, hKey) == CLRC_SUCCESS ? 0 : failed();
}

static int print_octets(ClrcKeyHandle hKey, const char *what, ClrcAttribute attribute)
{
    uint8_t octets[COORDINATE_LEN] = {0};
    uint32_t len = sizeof(octets);
    if (clrcGetKeyAttribute(hKey, attribute, octets, &len) != CLRC_SUCCESS)
        return failed();
    printf("        %s: ", what);
    for (uint32_t i = 0; i < len; i++)
        printf("%02x", octets[i]);
    printf("\n");
    return 0;
}

static int print_attributes(ClrcKeyHandle hKey)
{
    uint32_t curve = 0;
    uint32_t len = sizeof(curve);
    printf("    Printing out ECDSA key attributes\n");
    if (clrcGetKeyAttribute(hKey, CLRC_ATTR_ECC_CURVE, &curve, &len) != CLRC_SUCCESS)
        return failed();
    printf("        curve: P-%u\n", (unsigned)curve);
    if (print_octets(hKey, "public X", CLRC_ATTR_ECC_PUBLIC_VALUE_X) != 0)
        return -1;
    return print_octets(hKey, "public Y", CLRC_ATTR_ECC_PUBLIC_VALUE_Y);
}

static int save(ClrcKeyHandle hKey)
{
    printf("Saving the named key in the key store:\n");
    if (clrcSaveNamedKey(hKey, KEY_NAME, NULL) != CLRC_SUCCESS)
        return failed();
    printf("    Successfully saved %s key in the key store, without password\n", KEY_NAME);
    return 0;
}

int main(void)
{
    ClrcKeyHandle hKey = NULL;
    int status = create(&hKey);
    if (status == 0)
        status = print_attributes(hKey);
    if (status == 0)
        status = save(hKey);
    clrcFreeKey(hKey);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
