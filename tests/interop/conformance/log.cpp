// SPDX-License-Identifier: Apache-2.0
// What SoftHSM2's tests want of its library beside PKCS#11: the place where its mutexes tell of failures.
void softHSMLog(int, const char *, const char *, int, const char *, ...)
{
}
