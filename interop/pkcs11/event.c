/* SPDX-License-Identifier: Apache-2.0 */
/* C_WaitForSlotEvent: tokens that this process made or deleted, or found made or deleted when it asked the service for something. */
#include "interop/pkcs11/p11.h"

/* Who does not wait has the service asked; nobody who waits does, so that waiting costs nothing. */
static CK_RV look(CK_SLOT_ID *ret_slot)
{
    CK_RV rv = km_p11_objects_refresh();
    if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
        return rv;
    return km_p11_slot_event(ret_slot) ? CKR_OK : CKR_NO_EVENT;
}

CK_RV C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR pSlot, CK_VOID_PTR pReserved)
{
    KM_AUTO(km_p11_leave) struct km_p11_entered entered = {0};
    CK_SLOT_ID slot = 0;
    P11_TRY(km_p11_enter(&entered));
    if (pReserved != NULL || pSlot == NULL)
        return CKR_ARGUMENTS_BAD;
    if ((flags & CKF_DONT_BLOCK) != 0) {
        P11_TRY(look(&slot));
        *pSlot = slot;
        return CKR_OK;
    }
    while (!km_p11_slot_event(&slot))
        P11_TRY(km_p11_wait());
    *pSlot = slot;
    return CKR_OK;
}
