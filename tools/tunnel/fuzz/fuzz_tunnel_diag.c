/* SPDX-License-Identifier: Apache-2.0 */
/* A socket's owner is told only by an answer that is long enough to have one. */
#include <linux/inet_diag.h>
#include <linux/netlink.h>

#include "fuzz/km_fuzz.h"
#include "tools/tunnel/who.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uid_t uid = 0;
    if (who_diag_parse(KM_SLICE(data, size), &uid))
        KM_FUZZ_CHECK(size >= sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg));
    return 0;
}
