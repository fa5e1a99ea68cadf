/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the provisioned certificates and certificate signing requests. */
#ifndef CLRSC_TA_COMMANDS_H
#define CLRSC_TA_COMMANDS_H

#define CLRSC_OEM_CLOUD_CERT "com.seqlabs.oem_cloud_cert"
#define CLRSC_OEM_ROOT_CERT "com.seqlabs.oem_root_cert"
#define CLRSC_OEM_PAYLOAD_CERT "com.seqlabs.oem_payload_cert"
#define CLRSC_OEM_COMMAND_CERT "com.seqlabs.oem_command_cert"
#define CLRSC_OEM_DEVICE_CERT "com.seqlabs.oem_device_cert"
#define CLRSC_OEM_DEVICE_CSR "com.seqlabs.oem_device_csr"
#define CLRSC_EMPOWER_CLOUD_CERT "com.seqlabs.emp_cloud_cert"
#define CLRSC_EMPOWER_ROOT_CERT "com.seqlabs.emp_root_cert"
#define CLRSC_EMPOWER_DEVICE_CERT "com.seqlabs.emp_device_cert"
#define CLRSC_EMPOWER_DEVICE_CSR "com.seqlabs.emp_device_csr"

#endif
