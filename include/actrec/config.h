/* SPDX-License-Identifier: MIT */
#ifndef ACTREC_CONFIG_H
#define ACTREC_CONFIG_H

/* Compiler annotations that the other public headers use, and the version of the library. */

#define AR_VERSION_MAJOR  0
#define AR_VERSION_MINOR  1
#define AR_VERSION_PATCH  0
#define AR_VERSION_STRING "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define AR_API                               __attribute__((visibility("default")))
#define AR_NODISCARD                         __attribute__((warn_unused_result))
#define AR_UNUSED                            __attribute__((unused))
#define AR_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#define AR_COLD                              __attribute__((cold)) /* what calls it is seldom run, and lies apart */
#else
#define AR_API
#define AR_NODISCARD
#define AR_UNUSED
#define AR_PRINTF(format_index, first_index)
#define AR_COLD
#endif

#ifdef __cplusplus
#define AR_BEGIN_DECLS extern "C" {
#define AR_END_DECLS   }
#else
#define AR_BEGIN_DECLS
#define AR_END_DECLS
#endif

#endif
