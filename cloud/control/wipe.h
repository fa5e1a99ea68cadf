/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of other people's libraries that secrets pass through. */
#ifndef KM_CONTROL_WIPE_H
#define KM_CONTROL_WIPE_H

/* km_wipe_and_free: free() that zeroes the whole block first; NULL is allowed. */
void km_wipe_and_free(void *p);

#endif
