/* SPDX-License-Identifier: Apache-2.0 */
/* Loaded before the crypto library: the program is killed as it comes to seal the provisioning of keys. */
#include <signal.h>
#include <unistd.h>

#include "clrc.h"

ClrcResult clrcProvisionSeal(void)
{
    (void)kill(getpid(), SIGKILL);
    return CLRC_ERROR_GENERIC;
}
